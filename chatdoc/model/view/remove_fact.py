"""Taking a fact from a view: what remains is as if it had never come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chatdoc.model.delta import Touched
from chatdoc.model.facts import (
    DocumentFact,
    Header,
    MarkFact,
    PieceFact,
    RevisionFact,
    SettingFact,
    StateFact,
    ThreadFact,
)
from chatdoc.model.records.attic import AtticRow
from chatdoc.model.view import reply_index
from chatdoc.model.view.add_fact import pick, remark, settle_queued
from chatdoc.model.view.fact_order import attic_key, position
from chatdoc.model.view.view import View


def _take_document(view: View, fact: DocumentFact, touched: Touched) -> None:
    _drop(view.document_values, fact.field, fact.value)


def _take_thread(view: View, fact: ThreadFact, touched: Touched) -> None:
    variants = _without(view.variants_of_thread(fact.thread_id), fact)
    view.thread_variants.pop(fact.thread_id, None)
    if not variants:
        del view.thread_facts[fact.thread_id]
        return
    view.thread_facts[fact.thread_id] = variants[0]
    if len(variants) > 1:
        view.thread_variants[fact.thread_id] = variants


def _take_header(view: View, fact: Header, touched: Touched) -> None:
    message_id = fact.message_id
    variants = _without(view.variants_of_message(message_id), fact)
    if variants:
        view.header_variants[message_id] = variants
        pick(view, message_id, touched, fact)
        if len(variants) == 1:
            del view.header_variants[message_id]
        return
    if touched.leaving is not None or reply_index.has_replies(view, message_id):
        touched.moved.add(fact.thread_id)
    reply_index.unlink(view, message_id, touched.leaving)
    del view.headers[message_id]
    view.generating.discard(message_id)
    settle_queued(view, message_id)
    if message_id in view.revisions or message_id in view.marks or message_id in view.pieces:
        view.late.add(message_id)


def _take_revision(view: View, fact: RevisionFact, touched: Touched) -> None:
    _drop(view.revisions, fact.message_id, fact)
    _settle_late(view, fact.message_id)


def _take_setting(view: View, fact: SettingFact, touched: Touched) -> None:
    fields = view.settings[fact.thread_id]
    _drop(fields, fact.field, fact)
    if not fields:
        del view.settings[fact.thread_id]


def _take_mark(view: View, fact: MarkFact, touched: Touched) -> None:
    fields = view.marks[fact.message_id]
    remark(view, fact, touched, lambda: _drop(fields, fact.field, fact))
    if not fields:
        del view.marks[fact.message_id]
    _settle_late(view, fact.message_id)


def _take_state(view: View, fact: StateFact, touched: Touched) -> None:
    _drop(view.states, fact.thread_id, fact)


def _take_piece(view: View, fact: PieceFact, touched: Touched) -> None:
    pieces = view.pieces[fact.message_id]
    texts = [text for text in view.texts_of_piece(fact.message_id, fact.seq) if text != fact.text]
    view.piece_variants.pop((fact.message_id, fact.seq), None)
    if len(texts) > 1:
        view.piece_variants[fact.message_id, fact.seq] = texts
    if texts:
        pieces[fact.seq] = texts[0]
    else:
        del pieces[fact.seq]
    if not pieces:
        del view.pieces[fact.message_id]
    _settle_late(view, fact.message_id)


def _take_attic(view: View, fact: AtticRow, touched: Touched) -> None:
    del view.attic_rows[attic_key(fact)]


def _without(facts: list[Any], fact: Any) -> list[Any]:
    place = position(facts, fact)
    return facts if place < 0 else [*facts[:place], *facts[place + 1 :]]


def _drop(table: dict[str, Any], key: str, value: Any) -> None:
    place = position(table[key], value)
    assert place >= 0, f"{value!r} is not in the view"
    del table[key][place]
    if not table[key]:
        del table[key]


def _settle_late(view: View, message_id: str) -> None:
    if not (message_id in view.revisions or message_id in view.marks or message_id in view.pieces):
        view.late.discard(message_id)


TAKE: dict[type[Any], Callable[[View, Any, Touched], None]] = {
    DocumentFact: _take_document,
    ThreadFact: _take_thread,
    Header: _take_header,
    RevisionFact: _take_revision,
    SettingFact: _take_setting,
    MarkFact: _take_mark,
    StateFact: _take_state,
    PieceFact: _take_piece,
    AtticRow: _take_attic,
}
"""How each kind of fact, which must be in the view, is taken from it."""
