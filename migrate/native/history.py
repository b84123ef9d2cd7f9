"""A message's history, newest first, becomes revisions whose ids ascend with age, given or derived.

A history as this program writes it comes back word for word. One that was edited by hand is taken by position:
the entry that stands first is what its writer wants to be shown, so it gets the greatest id.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from chatdoc.clock import iso, ms_of
from chatdoc.ids import MessageId, RevisionId, ThreadId, derive, successor, time_ms
from chatdoc.records.assemble import first_revision
from chatdoc.records.facts import Header
from chatdoc.records.message import Revision
from migrate.native.reading import Reading
from migrate.native.values import moment, stamp

_NAMES = frozenset({"revision_id", "author_id", "content", "date"})


def read_history(
    reading: Reading, message_id: str, sender_id: str, date: str
) -> tuple[list[Revision], dict[str, Any]]:
    """The revisions, oldest first and never none, and what the history holds besides, by field name."""
    given = reading.row.get("history")
    besides: dict[str, Any] = {}
    if given is not None and not isinstance(given, list):
        reading.note(
            "unfit_history", "history is no list", "it is kept as a field, and the message has no text"
        )
        besides["history"] = given
        given = []
    if given == [] or given is None:
        content = reading.row.get("content")
        text = content if isinstance(content, str) and not besides else ""
        reading.note(
            "empty_history", "no history", "`content` was taken" if text else "the message has no text"
        )
        given = [{"content": text}]
    odd = [entry for entry in given if not _is_entry(entry) or entry.keys() - _NAMES]
    if odd:
        reading.note(
            "odd_history_entries", f"{len(odd)} entries are not as expected", "kept in history_besides"
        )
        besides["history_besides"] = odd
    entries = [entry for entry in given if _is_entry(entry)] or [{"content": ""}]
    return _revisions(reading, entries, message_id, sender_id, date), besides


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("content"), str)


def _revisions(
    reading: Reading, entries: list[Mapping[str, Any]], message_id: str, sender_id: str, date: str
) -> list[Revision]:
    found: list[Revision] = []
    for entry in reversed(entries):
        author = entry.get("author_id")
        if not isinstance(author, str):
            author = "" if found else sender_id
            reading.note("missing_author", "a history entry has no author", f"{author!r} was taken")
        ms = moment(entry.get("date"))
        written = (found[-1].date if found else date) if ms is None else iso(ms)
        if ms is None:
            reading.note("missing_revision_date", "a history entry has no date", f"{written} was taken")
        revision = _named(
            reading, entry, message_id, author, written, first=not found, sender_id=sender_id, date=date
        )
        found.append(revision)
    if all(_key(one) < _key(other) for one, other in pairwise(found)):
        return found
    reading.note("history_out_of_order", "revision ids do not descend", "later ones got new ids, by position")
    return _ascending(reading, found, message_id)


def _named(
    reading: Reading,
    entry: Mapping[str, Any],
    message_id: str,
    author: str,
    written: str,
    *,
    first: bool,
    sender_id: str,
    date: str,
) -> Revision:
    given = entry.get("revision_id")
    revision_id: str | None = stamp(given)
    content: str = entry["content"]
    if revision_id is None:
        decided = "one was derived"
        reading.note(
            "missing_revision_id" if given is None else "unfit_revision_id", f"{given!r}"[:80], decided
        )
        derived = derive("revision", ms_of(written), message_id, author, content)
        revision_id = default_id(message_id, sender_id, date, author, written, content) if first else derived
        reading.guessed.add(revision_id)
    return Revision(revision_id=RevisionId(revision_id), author_id=author, content=content, date=written)


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
