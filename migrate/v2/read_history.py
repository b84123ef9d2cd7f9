"""A message's history, newest first, becomes revisions whose ids ascend with age, given or derived.

A history as this program writes it comes back word for word. One that was edited by hand is taken by position:
the entry that stands first is what its writer wants to be shown, so it gets the greatest id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from chatdoc.model.clock import iso, ms_of
from chatdoc.model.facts import Header
from chatdoc.model.ids import MessageId, RevisionId, ThreadId, derive, successor, time_ms
from chatdoc.model.records.message import Revision
from chatdoc.model.view.assemble import first_revision
from migrate.v2.notes import Reading
from migrate.v2.values import moment, stamp

_NAMES = frozenset({"revision_id", "author_id", "content", "date"})
DERIVED = {
    "author_id": "the oldest is the sender's, of others nobody is known",
    "date": "that of the entry before, or of the message, was taken",
    "revision_id": "derived from message, author, date and text",
}


def read_history(
    reading: Reading, message_id: str, sender_id: str, date: str
) -> tuple[list[Revision], dict[str, Any]]:
    """The revisions, oldest first and never none, and what the history holds besides, by field name."""
    given = reading.row.get("history")
    besides: dict[str, Any] = {}
    if given is not None and not isinstance(given, list):
        besides["history"] = given
        reading.note(
            "unfit_history", "history is no list", "it is kept as a field, and the message has no text"
        )
    entries = given if isinstance(given, list) else []
    odd = [entry for entry in entries if not _is_entry(entry) or _says_more(entry)]
    if odd:
        besides["history_besides"] = odd
        reading.note(
            "odd_history_entries", f"{len(odd)} entries are not as expected", "kept in history_besides"
        )
    fit = [entry for entry in entries if _is_entry(entry)]
    if fit:
        return _revisions(reading, fit, message_id, sender_id, date), besides
    content = reading.row.get("content")
    text = content if isinstance(content, str) else ""
    if "history" not in besides:
        reading.note(
            "empty_history", "no history", "`content` was taken" if text else "the message has no text"
        )
    only = _first(message_id, sender_id, date, sender_id, date, text)
    reading.guessed.add(only.revision_id)
    return [only], besides


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("content"), str)


def _says_more(entry: Mapping[str, Any]) -> bool:
    """Whether an entry holds what no revision can: other fields, or values of another kind."""
    author, date, revision_id = (entry.get(name) for name in ("author_id", "date", "revision_id"))
    return (
        bool(entry.keys() - _NAMES)
        or not isinstance(author, str | None)
        or (revision_id is not None and stamp(revision_id) is None)
        or (date is not None and moment(date) is None)
    )


def _revisions(
    reading: Reading, entries: list[Mapping[str, Any]], message_id: str, sender_id: str, date: str
) -> list[Revision]:
    found: list[Revision] = []
    lacking: Counter[str] = Counter()
    for entry in reversed(entries):
        author = entry.get("author_id")
        if not isinstance(author, str):
            author = "" if found else sender_id
            lacking["author_id"] += 1
        ms = moment(entry.get("date"))
        lacking["date"] += ms is None
        written = iso(ms) if ms is not None else found[-1].date if found else date
        content: str = entry["content"]
        given = stamp(entry.get("revision_id"))
        if given is not None:
            found.append(
                Revision(revision_id=RevisionId(given), author_id=author, content=content, date=written)
            )
            continue
        lacking["revision_id"] += 1
        if found:
            derived = RevisionId(derive("revision", ms_of(written), message_id, author, content))
            one = Revision(revision_id=derived, author_id=author, content=content, date=written)
        else:
            one = _first(message_id, sender_id, date, author, written, content)
        reading.guessed.add(one.revision_id)
        found.append(one)
    for name in sorted(+lacking):
        reading.note(
            f"missing_{name}", f"{lacking[name]} of {len(entries)} history entries lack it", DERIVED[name]
        )
    if all(_key(one) < _key(other) for one, other in pairwise(found)):
        return found
    reading.note("history_out_of_order", "revision ids do not descend", "later ones got new ids, by position")
    return _ascending(reading, found, message_id)


def _first(message_id: str, sender_id: str, date: str, author: str, written: str, content: str) -> Revision:
    revision_id = default_id(message_id, sender_id, date, author, written, content)
    return Revision(revision_id=revision_id, author_id=author, content=content, date=written)


def default_id(
    message_id: str, sender_id: str, date: str, author: str, written: str, content: str
) -> RevisionId:
    """The revision id a header means when it names none."""
    header = Header(
        message_id=MessageId(message_id),
        thread_id=ThreadId(""),
        sender_id=sender_id,
        date=date,
        content=content,
        author_id=author,
        revised_at=written,
    )
    return first_revision(header).revision_id


def _key(revision: Revision) -> tuple[str, str, str]:
    return revision.revision_id, revision.content, revision.author_id


def _ascending(reading: Reading, found: list[Revision], message_id: str) -> list[Revision]:
    risen: list[Revision] = []
    for one in found:
        revision_id: str = one.revision_id
        if risen and revision_id <= risen[-1].revision_id:
            last = risen[-1].revision_id
            revision_id = derive("revision", time_ms(last) + 1, message_id, one.author_id, one.content)
            if stamp(revision_id) is None:
                revision_id = successor(last)
            reading.guessed.add(revision_id)
        risen.append(
            Revision(
                revision_id=RevisionId(revision_id),
                author_id=one.author_id,
                content=one.content,
                date=one.date,
            )
        )
    return risen
