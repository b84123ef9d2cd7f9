"""The integrity section of the debug page: what is broken, what the rule promises, and the button that mends it."""

from __future__ import annotations

from collections.abc import Sequence

from chatdoc.apps.integrity_counters import metric_of
from chatdoc.apps.server.debug_parts import badge, code, counted, table
from chatdoc.model.html import Html, tag
from invariants.registry import RULES
from invariants.report import IntegrityReport
from invariants.rule import Violation

ROWS_MAX = 50
"""So many of each kind are shown; `chatdoc check --json` and the API have all of them."""
_RULE = {rule.code: rule for rule in RULES}


def integrity_view(report: IntegrityReport) -> Html:
    """The report: what is broken, what would mend it, and every counter."""
    buttons = tag(
        "div",
        tag("button", "Check everything", type="button", data_action="check"),
        tag("button", "Carry out safe repairs", type="button", data_action="repair_all"),
        tag("progress", hidden=True, id="progress", aria_label="checking"),
        tag("output", "", id="said", aria_live="polite"),
        class_="actions",
    )
    counters = [
        (code(name), tag("span", number, data_counter=name), tag("span", "", class_="spark", data_spark=name))
        for name, number in report.counters.items()
    ]
    found = (
        _table(report.violations, "Every promise holds."),
        _folded("diagnostics", report.diagnostics, "diagnostic", "worth knowing, and nothing is broken"),
        _folded("incidents", report.incidents, "change", "broke a rule, the latest last"),
    )
    return tag(
        "div",
        buttons,
        tag("div", *found, id="violations"),
        tag("h3", "Counters"),
        table(("metric", "now", "since this page is open"), counters, empty="No counter.", narrow=True),
        tag("details", tag("summary", f"All {len(RULES)} rules and what they promise"), _rules()),
    )


def _table(found: Sequence[Violation], empty: str) -> Html:
    heads = ("rule", "subject", "what is wrong", "what the rule promises", "repair")
    shown = table(heads, map(violation_row, found[:ROWS_MAX]), empty=empty)
    more = len(found) - ROWS_MAX
    return tag("div", shown, tag("p", f"and {more} more", class_="quiet") if more > 0 else "")


def _folded(key: str, found: Sequence[Violation], noun: str, words: str) -> Html | str:
    """What is not broken now, on one line that opens."""
    if not found:
        return ""
    return tag(
        "details", tag("summary", f"{counted(len(found), noun)}: {words}"), _table(found, ""), data_key=key
    )


def _rules() -> Html:
    rows = [
        (
            tag("code", rule.code, id=f"rule-{rule.code}"),
            rule.kind,
            rule.promise,
            metric_of(rule),
        )
        for rule in RULES
    ]
    return table(("rule", "kind", "promise", "metric"), rows, empty="")


def violation_row(one: Violation) -> tuple[object, ...]:
    """One violation as a row, with the button that repairs it."""
    rule = _RULE.get(one.code)
    repair: object = "none is known"
    if one.repair is not None:
        repair = tag(
            "button", type(one.repair).__name__, type="button",
            data_action="repair", data_code=one.code, data_subject=one.subject,
            title="safe: it converges" if one.safe else "possible: look first",
        )  # fmt: skip
    link = tag("a", one.code, href=f"#rule-{one.code}")
    return (
        badge(link, "bad" if one.severity == "violation" else "quiet"),
        code(one.subject),
        one.detail,
        rule.promise if rule is not None else "",
        repair,
    )
