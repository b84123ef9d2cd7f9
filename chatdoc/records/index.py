"""The view follows every fact as it comes: adding one costs what it touches, never a scan of the document."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from typing import Any

import msgspec

from chatdoc.ids import MessageId
from chatdoc.records import links
from chatdoc.records.attic import AtticRow
from chatdoc.records.delta import Delta, Loss
from chatdoc.records.facts import (
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
from chatdoc.records.touched import Touched
from chatdoc.records.view import View

canonical = msgspec.json.Encoder(order="deterministic").encode


def apply(
    view: View,
    facts: Iterable[Fact],
    *,
    origin: str,
    command: str | None = None,
    losses: tuple[Loss, ...] = (),
    reused: frozenset[int] = frozenset(),
) -> tuple[Delta, list[Fact]]:
    """Add facts; the delta names the records they changed, the list those that were new, for `undo`."""
    touched = Touched()
    added = [fact for fact in facts if _ADD[type(fact)](view, fact, touched)]
    return touched.delta(origin=origin, command=command, losses=losses, reused=reused), added


def undo(view: View, added: list[Fact]) -> None:
    """Take facts away again, as if they had never come; also how superseded ones are forgotten."""
    touched = Touched()
    for fact in reversed(added):
        _TAKE[type(fact)](view, fact, touched)


def _add_document(view: View, fact: DocumentFact, touched: Touched) -> bool:
    values = view.document_values.setdefault(fact.field, [])
    if fact.value in values:
        return False
    insort(values, fact.value, key=canonical)
    return True


def _add_thread(view: View, fact: ThreadFact, touched: Touched) -> bool:
    thread_id = fact.thread_id
    if thread_id not in view.thread_facts:
        view.thread_facts[thread_id] = fact
        touched.new_threads.add(thread_id)
    else:
        variants = view.variants_of_thread(thread_id)
        if fact in variants:
            return False
        view.thread_variants[thread_id] = sorted([*variants, fact], key=_preference)
        view.thread_facts[thread_id] = view.thread_variants[thread_id][0]
    touched.threads.add(thread_id)
    return True


def _add_header(view: View, fact: Header, touched: Touched) -> bool:
    message_id = fact.message_id
    present = view.headers.get(message_id)
    if present is None:
        view.headers[message_id] = fact
        if message_id in view.late:
            view.late.discard(message_id)
        links.link(view, message_id, touched)
    else:
        variants = view.variants_of_message(message_id)
        if fact in variants:
            return False
        view.header_variants[message_id] = sorted([*variants, fact], key=_preference)
        _pick(view, message_id, touched)
    touched.messages.add(message_id)
    return True


def _pick(view: View, message_id: MessageId, touched: Touched) -> None:
    picked = view.header_variants[message_id][0]
    present = view.headers[message_id]
    if picked is present:
        return
    links.unlink(view, message_id, touched)
    view.headers[message_id] = picked
    links.link(view, message_id, touched)
    links.reanchor(view, {present.thread_id, picked.thread_id}, touched)


def _add_revision(view: View, fact: RevisionFact, touched: Touched) -> bool:
    revisions = view.revisions.setdefault(fact.message_id, [])
    if revisions and fact.revision_id <= revisions[-1].revision_id:
        if fact in revisions:
            return False
        insort(revisions, fact, key=_by_revision)
    else:
        revisions.append(fact)
    _touch_message(view, fact.message_id, touched)
    return True


def _add_setting(view: View, fact: SettingFact, touched: Touched) -> bool:
    facts = view.settings.setdefault(fact.thread_id, {}).setdefault(fact.field, [])
    if not _insert(facts, fact):
        return False
    (touched.threads if fact.field == "deleted" else touched.configs).add(fact.thread_id)
    return True


def _add_mark(view: View, fact: MarkFact, touched: Touched) -> bool:
    facts = view.marks.setdefault(fact.message_id, {}).setdefault(fact.field, [])
    if fact in facts:
        return False
    _remark(view, fact, touched, lambda: _insert(facts, fact))
    _touch_message(view, fact.message_id, touched)
    return True


def _remark(view: View, fact: MarkFact, touched: Touched, change: Any) -> None:
    moves = fact.field == "reply_to_message_id" and fact.message_id in view.headers
    if moves:
        links.unlink(view, fact.message_id, touched)
    change()
    if moves:
        links.link(view, fact.message_id, touched)
        links.reanchor(view, {view.headers[fact.message_id].thread_id}, touched)


def _add_state(view: View, fact: StateFact, touched: Touched) -> bool:
    if not _insert(view.states.setdefault(fact.thread_id, []), fact):
        return False
    touched.states.add(fact.thread_id)
    return True


def _add_piece(view: View, fact: PieceFact, touched: Touched) -> bool:
    pieces = view.pieces.setdefault(fact.message_id, {})
    present = pieces.get(fact.seq)
    if present is not None and present <= fact.text:
        return False
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


def _insert(facts: list[Any], fact: SettingFact | MarkFact | StateFact) -> bool:
    if not facts or fact.stamp > facts[-1].stamp:
        facts.append(fact)
        return True
    if fact in facts:
        return False
    insort(facts, fact, key=_by_stamp)
    return True


def _touch_message(view: View, message_id: MessageId, touched: Touched) -> None:
    if message_id not in view.headers:
        view.late.add(message_id)
    touched.messages.add(message_id)


def _take_document(view: View, fact: DocumentFact, touched: Touched) -> None:
    view.document_values[fact.field].remove(fact.value)


def _take_thread(view: View, fact: ThreadFact, touched: Touched) -> None:
    variants = [one for one in view.variants_of_thread(fact.thread_id) if one != fact]
    view.thread_variants.pop(fact.thread_id, None)
    if not variants:
        del view.thread_facts[fact.thread_id]
        return
    view.thread_facts[fact.thread_id] = variants[0]
    if len(variants) > 1:
        view.thread_variants[fact.thread_id] = variants


def _take_header(view: View, fact: Header, touched: Touched) -> None:
    message_id = fact.message_id
    variants = [one for one in view.variants_of_message(message_id) if one != fact]
    if variants:
        view.header_variants[message_id] = variants
        _pick(view, message_id, touched)
        if len(variants) == 1:
            del view.header_variants[message_id]
        return
    links.unlink(view, message_id, touched)
    del view.headers[message_id]
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
    _remark(view, fact, touched, lambda: _drop(fields, fact.field, fact))
    if not fields:
        del view.marks[fact.message_id]
    _settle_late(view, fact.message_id)


def _take_state(view: View, fact: StateFact, touched: Touched) -> None:
    _drop(view.states, fact.thread_id, fact)


def _take_piece(view: View, fact: PieceFact, touched: Touched) -> None:
    pieces = view.pieces[fact.message_id]
    if pieces.get(fact.seq) == fact.text:
        del pieces[fact.seq]
    if not pieces:
        del view.pieces[fact.message_id]
    _settle_late(view, fact.message_id)


def _take_attic(view: View, fact: AtticRow, touched: Touched) -> None:
    del view.attic_rows[attic_key(fact)]


def _drop(table: dict[str, Any], key: str, fact: Fact) -> None:
    table[key].remove(fact)
    if not table[key]:
        del table[key]


def _settle_late(view: View, message_id: str) -> None:
    if not (message_id in view.revisions or message_id in view.marks or message_id in view.pieces):
        view.late.discard(message_id)


def attic_key(row: AtticRow) -> str:
    """An attic row's key in the view: its canonical text, so equal rows are one."""
    return canonical(row).decode()


def _preference(fact: ThreadFact | Header) -> tuple[bool, bytes]:
    return fact.assumed, canonical(fact)


def _by_revision(fact: RevisionFact) -> tuple[str, bytes]:
    return fact.revision_id, canonical(fact)


def _by_stamp(fact: SettingFact | MarkFact | StateFact) -> tuple[str, bytes]:
    return fact.stamp, canonical(fact)


_ADD: dict[type[Any], Any] = {
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
_TAKE: dict[type[Any], Any] = {
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
__all__ = ["apply", "attic_key", "canonical", "undo"]
