"""Whether a view knows a fact, which of its facts still count, and which facts lie under one record."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from chatdoc.model.facts import (
    DocumentFact,
    Fact,
    Header,
    MarkFact,
    PieceFact,
    RevisionFact,
    SettingFact,
    StateFact,
    ThreadFact,
)
from chatdoc.model.ids import MessageId
from chatdoc.model.records.attic import AtticRow
from chatdoc.model.view.fact_order import attic_key, canonical, same
from chatdoc.model.view.view import View


def knows(view: View, fact: Fact) -> bool:
    """Whether the view holds this very fact."""
    return any(same(fact, one) for one in fellows(view, fact))


def fellows(view: View, fact: Fact) -> Iterator[Fact]:
    """The facts that lie where this one lies: same record, same field."""
    match fact:
        case Header() if fact.message_id in view.headers:
            yield from view.variants_of_message(fact.message_id)
        case ThreadFact() if fact.thread_id in view.thread_facts:
            yield from view.variants_of_thread(fact.thread_id)
        case RevisionFact():
            yield from view.revisions.get(fact.message_id, ())
        case SettingFact():
            yield from view.settings.get(fact.thread_id, {}).get(fact.field, ())
        case MarkFact():
            yield from view.marks.get(fact.message_id, {}).get(fact.field, ())
        case StateFact():
            yield from view.states.get(fact.thread_id, ())
        case PieceFact():
            for text in view.texts_of_piece(fact.message_id, fact.seq):
                yield PieceFact(message_id=fact.message_id, seq=fact.seq, text=text)
        case DocumentFact():
            for value in view.document_values.get(fact.field, ()):
                yield DocumentFact(field=fact.field, value=value)
        case AtticRow() if attic_key(fact) in view.attic_rows:
            yield fact


def superseded(view: View, fact: Fact) -> bool:
    """Whether a fact has done its work: a greater stamp holds, or the answer it is a piece of is finished."""
    match fact:
        case MarkFact():
            present = view.mark(fact.message_id, fact.field)
            return present is not None and present.stamp > fact.stamp
        case StateFact():
            states = view.states.get(fact.thread_id)
            return states is not None and states[-1].stamp > fact.stamp
        case PieceFact():
            # The header may be late; the mark that ended the answer came with the removal of its pieces.
            begun = fact.message_id in view.headers or view.mark(fact.message_id, "generating") is not None
            return begun and not view.field(fact.message_id, "generating")
        case _:
            return False


def subject_of(fact: Fact) -> str:
    """The record a fact belongs to; of a row in the attic a digest, for the reason it lies there may quote it."""
    match fact:
        case Header() | RevisionFact() | MarkFact() | PieceFact():
            return fact.message_id
        case ThreadFact() | SettingFact() | StateFact():
            return fact.thread_id
        case DocumentFact():
            return fact.field
        case AtticRow():
            return sha256(canonical(fact)).hexdigest()[:16]


def all_facts(view: View) -> Iterator[Fact]:
    """Every fact of the document, root by root, in an order that is the same for equal views."""
    for field in sorted(view.document_values):
        for value in view.document_values[field]:
            yield DocumentFact(field=field, value=value)
    for thread_id in sorted(view.thread_facts):
        yield from view.variants_of_thread(thread_id)
    for message_id in sorted(view.headers):
        yield from view.variants_of_message(message_id)
    yield from other_facts(view)


def other_facts(view: View) -> Iterator[Fact]:
    """Every fact but the document's own and the identities of threads and messages, in the same order."""
    for message_id in sorted(view.revisions):
        yield from view.revisions[message_id]
    for thread_id in sorted(view.settings):
        for field in sorted(view.settings[thread_id]):
            yield from view.settings[thread_id][field]
    for message_id in sorted(view.marks):
        for field in sorted(view.marks[message_id]):
            yield from view.marks[message_id][field]
    for thread_id in sorted(view.states):
        yield from view.states[thread_id]
    for message_id in sorted(view.pieces):
        for seq in sorted(view.pieces[message_id]):
            for text in view.texts_of_piece(message_id, seq):
                yield PieceFact(message_id=MessageId(message_id), seq=seq, text=text)
    for key in sorted(view.attic_rows):
        yield view.attic_rows[key]
