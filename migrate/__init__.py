"""Bytes in, facts and a report out: every format there is becomes the same facts, the same ones every time.

A format is a module with `NAME`, `claims(source)` and `read(source)`; `FORMATS` is the list of them. Two formats that
claim one file are an error, and so is none: a file that is not understood is never taken for an empty one.
"""

from __future__ import annotations

from collections import Counter
from hashlib import sha256

import msgspec

from chatdoc.model.errors import NoChat, UnreadableFile
from chatdoc.model.facts import DocumentFact, Fact
from chatdoc.model.ids import DocumentId, derive
from migrate.formats import FORMATS, Format, Outcome
from migrate.order import in_order
from migrate.report import MigrationReport, sorted_anomalies
from migrate.size import looks_like, require_admissible, require_storable

__all__ = ["Migration", "migrate", "sniff"]


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """What a source holds, as facts in canonical order, and what was made of each of its lines."""

    facts: list[Fact]
    report: MigrationReport
    document_id: DocumentId


def migrate(source: bytes) -> Migration:
    """The facts of a source of any format; pure, and the same for rows in any order.

    Raises UnreadableFile when no format, or more than one, claims the source, or its container is damaged.
    """
    form = _form(source)
    outcome = form.read(source)
    require_storable(outcome.facts, len(source))
    digest = sha256(source).hexdigest()
    facts = list(outcome.facts)
    ids = sorted(
        fact.value for fact in facts if isinstance(fact, DocumentFact) and fact.field == "document_id"
    )
    document_id = DocumentId(ids[0] if ids else derive("document", 0, digest))
    if not ids:
        facts += _own_fields(document_id, digest, outcome)
    facts = in_order(facts)
    report = MigrationReport(
        format=outcome.format,
        source_digest=digest,
        source_bytes=len(source),
        steps=outcome.steps,
        lines=outcome.lines,
        counts=_counts(facts),
        anomalies=sorted_anomalies(outcome.anomalies),
    )
    return Migration(facts=facts, report=report, document_id=document_id)


def sniff(source: bytes) -> str:
    """The name of the format of a source: `empty`, `v2`, `jupyter` or `cocalc`; raises UnreadableFile."""
    return _form(source).NAME


def _form(source: bytes) -> Format:
    require_admissible(source)
    claiming = [form for form in FORMATS if form.claims(source)]
    if len(claiming) == 1:
        return claiming[0]
    if claiming:
        names = " and ".join(form.NAME for form in claiming)
        raise UnreadableFile(
            f"{names} both claim the source of {len(source)} bytes", hint="Rows of both cannot be in one file"
        )
    known = ", ".join(form.NAME for form in FORMATS)
    raise NoChat(
        f"expected a chat of one of the formats {known}; the source of {len(source)} bytes is {looks_like(source)}",
        hint="If it is a damaged chat, restore it from a backup; it was not touched",
    )


def _own_fields(document_id: DocumentId, digest: str, outcome: Outcome) -> list[Fact]:
    told = {"format": outcome.format, "source_digest": digest, "steps": list(outcome.steps)}
    return [
        DocumentFact(field="document_id", value=document_id),
        DocumentFact(field="migration", value=told),
        DocumentFact(field="schema_version", value=2),
    ]


def _counts(facts: list[Fact]) -> dict[str, int]:
    names = {
        "ThreadFact": "threads",
        "Header": "messages",
        "RevisionFact": "revisions",
        "SettingFact": "settings",
        "StateFact": "states",
        "MarkFact": "marks",
        "AtticRow": "attic",
    }
    counts = dict.fromkeys(names.values(), 0)
    for kind, count in Counter(map(type, facts)).items():
        if kind.__name__ in names:
            counts[names[kind.__name__]] = count
    return counts
