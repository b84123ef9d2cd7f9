"""A v2 text that somebody changed is merged row by row, by id: what is new in it is added, what is missing is told.

The text may be older than the document, for both go on. So a row takes part only where it says what the document
never said; a value the document had once and has no more is the document's past, not a change.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256

import msgspec

from chatdoc.model.facts import DocumentFact, Fact, Header, SettingFact, StateFact, ThreadFact
from chatdoc.model.ids import DocumentId
from chatdoc.model.view.apply import apply, undo
from chatdoc.model.view.view import View
from migrate.formats import counted
from migrate.report import Anomaly, MigrationReport, sorted_anomalies
from migrate.size import require_admissible, require_storable
from migrate.v2.diff_external import Changes
from migrate.v2.read import NativeText, read_text
from migrate.v2.repair_external import ExternalRepair, Repaired, mend_replies, mend_threads

_DOCUMENT = re.compile(rb'"event"\s*:\s*"document"')
MISSING_SHOWN = 50
"""So many missing rows of one kind are named one by one; of the others only the number is told."""


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """The facts a changed text adds to a document, and what was found in it."""

    facts: list[Fact]
    report: MigrationReport


def document_ids(source: bytes) -> list[DocumentId]:
    """The ids a v2 text gives its document; none for any other bytes."""
    lines = (
        [line for line in source.split(b"\n") if _DOCUMENT.search(line)] if b'"document"' in source else []
    )
    facts = read_text(b"\n".join(lines)).facts if lines else []
    return [
        DocumentId(fact.value)
        for fact in facts
        if isinstance(fact, DocumentFact) and fact.field == "document_id" and isinstance(fact.value, str)
    ]


def merge(view: View, source: bytes) -> Merged:
    """What a v2 text says beyond the document: facts to add, the same ones whenever and wherever it is asked.

    The view is as it was when this returns. Rows of the document that the text lacks are reported, not deleted.
    Raises UnreadableFile for what is too large to be stored.
    """
    require_admissible(source)
    text = read_text(source)
    changes = Changes(view, text.guessed)
    facts = changes.against(text.facts)
    facts, mended = _mended(view, facts, text)
    require_storable(facts, len(source))
    anomalies = [
        *text.oddities,
        *changes.anomalies,
        *(
            Anomaly(code=one.code, subject=one.subject, detail=one.found, decision=one.decided)
            for one in mended
        ),
        *_missing(view, text),
    ]
    return Merged(facts=facts, report=_report(source, text, facts, anomalies))


def _mended(view: View, facts: list[Fact], text: NativeText) -> tuple[list[Fact], list[Repaired]]:
    """The facts, with what is new in them mended in the light of the document; the view is left as it was."""
    _, added = apply(view, facts, origin="outside")
    messages = {fact.message_id for fact in added if isinstance(fact, Header)}
    threads = {
        fact.thread_id for fact in added if isinstance(fact, Header | ThreadFact | SettingFact | StateFact)
    }
    repair = ExternalRepair(view, frozenset(messages | threads))
    if added:
        mend_threads(repair, text.old_name)
        mend_replies(repair)
    facts = repair.result(added)
    undo(view, [fact for fact in repair.added if fact not in repair.taken])
    apply(view, repair.taken, origin="outside")
    undo(view, [fact for fact in repair.added if fact in repair.taken])
    undo(view, added)
    return facts, repair.mended


def _missing(view: View, text: NativeText) -> Iterator[Anomaly]:
    found: dict[str, set[str]] = {"thread": set(), "message": set()}
    for fact in text.facts:
        for kind, named in found.items():
            value = getattr(fact, f"{kind}_id", None)
            if value is not None:
                named.add(value)
    for kind, present in (("thread", view.thread_facts.keys()), ("message", view.headers.keys())):
        missing = sorted(present - found[kind])
        for subject in missing[:MISSING_SHOWN]:
            yield Anomaly(
                code=f"missing_{kind}_row",
                subject=subject,
                detail=f"the text has no row for this {kind}",
                decision="it stays in the document; delete it there",
            )
        if len(missing) > MISSING_SHOWN:
            yield Anomaly(
                code=f"missing_{kind}_rows",
                detail=f"the text has no rows for {len(missing) - MISSING_SHOWN} more {kind}s",
                decision="they stay in the document; delete them there",
            )


def _report(source: bytes, text: NativeText, facts: list[Fact], anomalies: list[Anomaly]) -> MigrationReport:
    counts = Counter(type(fact).__name__.removesuffix("Fact").lower() for fact in facts)
    return MigrationReport(
        format="v2",
        source_digest=sha256(source).hexdigest(),
        source_bytes=len(source),
        steps=("outside",),
        lines=counted(text.fates),
        counts={f"new_{kind}_facts": counts[kind] for kind in sorted(counts)},
        anomalies=sorted_anomalies(anomalies),
    )
