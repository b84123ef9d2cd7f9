"""Assertions about documents: each compares what one shows with what must be so, and names the promise it holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chatdoc.document import Document
from chatdoc.testing.oracle import Oracle
from chatdoc.testing.promises import INVENTED, KEPT, LEDGER, PromiseBroken, promised, require
from invariants.registry import RULES
from invariants.rule import Violation

SHOWN_MAX = 8
"""So many findings are told."""
UNCLEAN = ("unreadable_fact",)
"""Diagnostics that no honest writer causes; the others are worth knowing and nobody's fault."""

_PROMISE_OF = {rule.code: rule.promise for rule in RULES}


def assert_ledger_is_full_check(document: Document) -> None:
    """Raise PromiseBroken unless the ledger kept by deltas says what a look at everything says."""
    with promised(LEDGER):
        kept, full = document.check(full=False), document.check(full=True)
        assert (kept.violations, kept.diagnostics) == (full.violations, full.diagnostics), (
            f"the ledger says\n{kept.to_text()}\nand a full check\n{full.to_text()}"
        )


def assert_kept(documents: Sequence[Document], oracle: Oracle) -> None:
    """Raise PromiseBroken where a document lacks what any of them ever showed."""
    for number, document in enumerate(documents):
        with promised(KEPT):
            missing = list(oracle.missing_from(document))
        require(not missing, KEPT, _told(f"document {number} lost what was acknowledged:", missing))


def assert_nothing_invented(documents: Sequence[Document], oracle: Oracle) -> None:
    """Raise PromiseBroken where a document shows what the oracle never saw."""
    for number, document in enumerate(documents):
        with promised(INVENTED):
            invented = list(oracle.invented_by(document))
        require(not invented, INVENTED, _told(f"document {number} invented:", invented))


def assert_clean(documents: Sequence[Document]) -> None:
    """Raise PromiseBroken, with the promise of the rule, where a document reports that one was or is broken."""
    for number, document in enumerate(documents):
        with promised(LEDGER):
            report = document.check()
        unread = (one for one in report.diagnostics if one.code in UNCLEAN)
        found: tuple[Violation, ...] = (*report.violations, *report.incidents, *unread)
        if found:
            told = [f"{one.code} {one.subject}: {one.detail}" for one in found]
            raise PromiseBroken(_PROMISE_OF[found[0].code], _told(f"document {number} reports:", told))


def _told(head: str, lines: Iterable[str]) -> str:
    return "\n".join([head, *list(lines)[:SHOWN_MAX]])
