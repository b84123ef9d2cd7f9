"""An integrity report is what a debug UI needs: what is broken, how often, where most, and what would mend it."""

from __future__ import annotations

import msgspec

from invariants.full import check_all
from invariants.registry import METRICS
from invariants.report import TOP_MAX, report_of
from invariants.rule import Violation
from tests.invariants.watched import GOOD, ROOT, A, B, C, D, Watched, mark, message, thread


def test_report_of_a_good_document_is_ok_and_counts_zero_of_everything() -> None:
    """Every metric is there, so a dashboard has no gaps."""
    report = Watched(*GOOD).checker.report()
    assert report.ok
    assert report.counters == report.totals == dict.fromkeys(METRICS, 0)
    assert report.to_text() == "integrity: clean"


def test_violations_are_sorted_and_counted() -> None:
    """By code, then by subject; several codes may share a metric."""
    watched = Watched(thread(), message(ROOT), message(C, D), message(B), message(A, A))
    report = watched.checker.report()
    assert not report.ok
    assert [(one.code, one.subject) for one in report.violations] == [
        ("invalid_reply_target", C),
        ("multi_root", B),
        ("reply_cycle", A),
    ]
    assert report.counters["chat.integrity.invalid_reply_targets"] == 2
    assert report.counters["chat.integrity.multi_root_per_thread"] == 1
    assert report.top == {"invalid_reply_target": (C,), "multi_root": (B,), "reply_cycle": (A,)}


def test_totals_remember_what_was_healed() -> None:
    """The counter is of now, the total of all time; the id that broke most often is named first."""
    watched = Watched(*GOOD, message(C, ROOT))
    for number in range(3):
        watched.add(mark(C, "reply_to_message_id", [D, ROOT][number % 2], stamp=number))
    watched.add(mark(B, "reply_to_message_id", D))
    report = watched.checker.report(full=False)
    assert report.counters["chat.integrity.invalid_reply_targets"] == 2
    assert report.totals["chat.integrity.invalid_reply_targets"] == 3
    assert report.top["invalid_reply_target"] == (C, B)


def test_top_names_eight_ids_of_each_code() -> None:
    """Thousands of violations of one kind fit on a screen."""
    found = {
        ("late", f"{number:02}"): Violation(code="multi_root", subject="", detail="") for number in range(20)
    }
    report = report_of({("multi_root", subject): one for (_, subject), one in found.items()})
    assert report.top["multi_root"] == tuple(f"{number:02}" for number in range(TOP_MAX))


def test_report_can_be_read_by_people_and_programs() -> None:
    """The text names code, id, detail and repair; the JSON has the same."""
    watched = Watched(thread(), message(ROOT), message(A))
    report = report_of(check_all(watched.view))
    assert f"multi_root {A}: replies to nothing" in report.to_text()
    assert "safe repair: ReparentMessage" in report.to_text()
    value = msgspec.json.decode(report.to_json())
    assert value["violations"][0]["repair"] == {"type": "ReparentMessage", "message_id": A, "reply_to": ROOT}
    assert list(value)[:3] == ["ok", "violations", "diagnostics"]
