"""Adding a fact to a view: what is known already changes nothing, what is new is noted in what was touched."""

from __future__ import annotations

from bisect import bisect_left
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
from chatdoc.model.ids import MessageId
from chatdoc.model.records.attic import AtticRow
from chatdoc.model.view import reply_index
from chatdoc.model.view.fact_order import attic_key, enter, insert, position
from chatdoc.model.view.view import View

_DERIVED = frozenset({"generating", "acp_state"})
"""Fields of a message that the view keeps a set for."""


def _add_document(view: View, fact: DocumentFact, touched: Touched) -> bool:
    return enter(view.document_values.setdefault(fact.field, []), fact.value)


def _add_thread(view: View, fact: ThreadFact, touched: Touched) -> bool:
    thread_id = fact.thread_id
    if thread_id not in view.thread_facts:
        view.thread_facts[thread_id] = fact
        touched.new_threads.add(thread_id)
    else:
        variants = [*view.variants_of_thread(thread_id)]
        if not enter(variants, fact):
            return False
        view.thread_variants[thread_id] = variants
        view.thread_facts[thread_id] = variants[0]
    touched.threads.add(thread_id)
    return True


def _add_header(view: View, fact: Header, touched: Touched) -> bool:
    message_id = fact.message_id
    present = view.headers.get(message_id)
    if present is None:
        view.headers[message_id] = fact
        if message_id in view.late:
            view.late.discard(message_id)
        reply_index.link(view, message_id, touched)
        if fact.fields is not None or message_id in view.marks:
            settle_generating(view, message_id)
            settle_queued(view, message_id)
    else:
        variants = [*view.variants_of_message(message_id)]
        if not enter(variants, fact):
            return False
        view.header_variants[message_id] = variants
        pick(view, message_id, touched, fact)
    touched.messages.add(message_id)
    return True


def pick(view: View, message_id: MessageId, touched: Touched, changed: Header) -> None:
    """Show the first of a message's headers, of which `changed` came or went; it may place the message elsewhere."""
    picked = view.header_variants[message_id][0]
    present = view.headers[message_id]
    if picked is not present:
        reply_index.unlink(view, message_id)
        view.headers[message_id] = picked
        touched.moved |= {present.thread_id, picked.thread_id}
        reply_index.link(view, message_id, touched)
    # What the others say of a field is not asked again for a header that does not speak of it.
    if picked.assumed != present.assumed or not _DERIVED.isdisjoint(changed.fields or ()):
        settle_generating(view, message_id)
        settle_queued(view, message_id)


def _add_revision(view: View, fact: RevisionFact, touched: Touched) -> bool:
    revisions = view.revisions.setdefault(fact.message_id, [])
    if revisions and fact.revision_id <= revisions[-1].revision_id:
        if not enter(revisions, fact):
            return False
    else:
        revisions.append(fact)
    _touch_message(view, fact.message_id, touched)
    return True


def _add_setting(view: View, fact: SettingFact, touched: Touched) -> bool:
    facts = view.settings.setdefault(fact.thread_id, {}).setdefault(fact.field, [])
    if not insert(facts, fact):
        return False
    if fact.field == "deleted":
        touched.threads.add(fact.thread_id)
    else:
        touched.configs.add(fact.thread_id)
        touched.settings.add((fact.thread_id, fact.field))
    return True


def _add_mark(view: View, fact: MarkFact, touched: Touched) -> bool:
    facts = view.marks.setdefault(fact.message_id, {}).setdefault(fact.field, [])
    if position(facts, fact) >= 0:
        return False
    remark(view, fact, touched, lambda: insert(facts, fact))
    _touch_message(view, fact.message_id, touched)
    return True


def remark(view: View, fact: MarkFact, touched: Touched, change: Callable[[], object]) -> None:
    """Change the marks of a field, and what is derived from that field."""
    moves = fact.field == "reply_to_message_id" and fact.message_id in view.headers
    if moves:
        reply_index.release(view, fact.message_id)
        touched.moved.add(view.headers[fact.message_id].thread_id)
    change()
    if moves:
        reply_index.hang(view, fact.message_id, touched)
    elif fact.field == "generating":
        settle_generating(view, fact.message_id)
    elif fact.field == "acp_state":
        settle_queued(view, fact.message_id)


def settle_generating(view: View, message_id: str) -> None:
    """Note whether a message is being written now."""
    header = view.headers.get(message_id)
    if header is None:
        view.generating.discard(MessageId(message_id))
    elif view.field(message_id, "generating") is True:
        view.generating.add(header.message_id)
    else:
        view.generating.discard(header.message_id)


def settle_queued(view: View, message_id: MessageId) -> None:
    """Note whether a message waits for an agent: its mark says so, or its row does and no mark another thing."""
    mark = view.mark(message_id, "acp_state")
    waits = view.field(message_id, "acp_state") == "queued"
    (view.queued.add if waits and mark is not None else view.queued.discard)(message_id)
    (view.queued_rows.add if waits and mark is None else view.queued_rows.discard)(message_id)


def _add_state(view: View, fact: StateFact, touched: Touched) -> bool:
    if not insert(view.states.setdefault(fact.thread_id, []), fact):
        return False
    touched.states.add(fact.thread_id)
    return True


def _add_piece(view: View, fact: PieceFact, touched: Touched) -> bool:
    pieces = view.pieces.setdefault(fact.message_id, {})
    if fact.seq in pieces:
        texts = [*view.texts_of_piece(fact.message_id, fact.seq)]
        place = bisect_left(texts, fact.text)
        if texts[place : place + 1] == [fact.text]:
            return False
        texts.insert(place, fact.text)
        view.piece_variants[fact.message_id, fact.seq] = texts
        pieces[fact.seq] = texts[0]
    else:
        pieces[fact.seq] = fact.text
    _touch_message(view, fact.message_id, touched)
    return True


def _add_attic(view: View, fact: AtticRow, touched: Touched) -> bool:
    key = attic_key(fact)
    if key in view.attic_rows:
        return False
    view.attic_rows[key] = fact
    touched.attic.add(key)
    return True


def _touch_message(view: View, message_id: MessageId, touched: Touched) -> None:
    if message_id not in view.headers:
        view.late.add(message_id)
    touched.messages.add(message_id)


ADD: dict[type[Any], Callable[[View, Any, Touched], bool]] = {
    DocumentFact: _add_document,
    ThreadFact: _add_thread,
    Header: _add_header,
    RevisionFact: _add_revision,
    SettingFact: _add_setting,
    MarkFact: _add_mark,
    StateFact: _add_state,
    PieceFact: _add_piece,
    AtticRow: _add_attic,
}
"""How each kind of fact is added; true when it was new."""
