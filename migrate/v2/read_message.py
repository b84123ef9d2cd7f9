"""A message row gives back the header, revisions, marks and pieces it was written from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from chatdoc.model.clock import EPOCH, iso, ms_of
from chatdoc.model.facts import Fact, Header, MarkFact, PieceFact, RevisionFact
from chatdoc.model.ids import MessageId, Stamp, ThreadId, derive, is_id, is_ulid, time_ms
from chatdoc.model.records.message import Revision
from chatdoc.model.view.assemble import build_history
from migrate.odd_value import kind_of
from migrate.v2.fields import MESSAGE_KEYS, taken
from migrate.v2.notes import Reading
from migrate.v2.read_history import default_id, read_history
from migrate.v2.values import moment, stamp, stamp_pair

REPLY = "reply_to_message_id"
_TEXTS = ("message_id", "thread_id", "sender_id", "reply_to_message_id", "deleted_by")
_canonical = msgspec.json.Encoder(order="deterministic").encode
_read_header = msgspec.json.Decoder(Header).decode


def message_facts(reading: Reading) -> list[Fact]:
    """The facts of a `message` or `message_part` row; what does not fit is noted and kept as a field."""
    row = reading.row
    part = row.get("event") == "message_part"
    date = _date(reading) if not part else EPOCH
    sender_id = reading.text("sender_id") if not part else ""
    message_id = _message_id(reading, date, sender_id)
    fields = taken(row, MESSAGE_KEYS) | _unfit(row)
    marks = list(_marks(reading, message_id, date, fields))
    facts: list[Fact] = [*_pieces(reading, message_id, fields)]
    if part:
        revisions = read_history(reading, message_id, "", date)[0] if row.get("history") else []
        return [*(revision_fact(message_id, one) for one in revisions), *marks, *facts]
    revisions, besides = read_history(reading, message_id, sender_id, date)
    if not row.get("history"):
        fields.pop("content", None) if isinstance(row.get("content"), str) else None
    fields |= besides
    named = reading.names.given.get(message_id)
    if named is not None:
        fields.setdefault("legacy_message_id", named)
    headers = _variants(reading, message_id)
    if headers:
        marks += _edits_beside(reading, headers, date, fields, {mark.field for mark in marks})
    else:
        headers = [_header(reading, message_id, sender_id, date, revisions[0], fields, marks)]
    told = {(one.revision_id, one.content, one.author_id) for one in build_history(headers, ())}
    later = [one for one in revisions if (one.revision_id, one.content, one.author_id) not in told]
    return [*headers, *(revision_fact(message_id, one) for one in later), *marks, *facts]


def _unfit(row: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the row's own fields that cannot be what these mean; they are kept as fields of the same names."""
    found = {name: row[name] for name in _TEXTS if not isinstance(row.get(name), str | None)}
    date = row.get("date")
    if date is not None and moment(date) is None:
        found["date"] = date
    return found


def _date(reading: Reading) -> str:
    given = reading.row.get("date")
    ms = moment(given)
    if ms is not None:
        written = iso(ms)
        if written != given:
            reading.note("date_respelled", "date in another spelling", f"{written} was taken")
        return written
    history = reading.row.get("history")
    entries = history if isinstance(history, list) else []
    found = [moment(entry.get("date")) for entry in entries if isinstance(entry, dict)]
    known = [one for one in found if one is not None]
    message_id = reading.row.get("message_id")
    if known:
        ms = min(known)
    elif isinstance(message_id, str) and is_ulid(message_id):
        ms = time_ms(message_id)
    written = EPOCH if ms is None else iso(ms)
    reading.note(
        "missing_date" if given is None else "unfit_date", f"date is {kind_of(given)}", f"{written} was taken"
    )
    return written


def _message_id(reading: Reading, date: str, sender_id: str) -> MessageId:
    given = reading.row.get("message_id")
    if isinstance(given, str) and given:
        message_id = reading.names.message(given)
        if message_id != given:
            reading.note("foreign_message_id", f"message_id is {kind_of(given)}", f"it became {message_id}")
        return message_id
    history = reading.row.get("history", reading.row.get("content", ""))
    derived = derive("message", ms_of(date), sender_id, _canonical(history).decode())
    reading.note("missing_message_id", "no message_id", f"{derived} was derived from date, sender and text")
    return MessageId(derived)


def _thread_id(reading: Reading, message_id: MessageId, date: str) -> ThreadId:
    given = reading.row.get("thread_id")
    if isinstance(given, str) and given:
        return reading.names.thread(given)
    thread_id = ThreadId(derive("thread", ms_of(date), message_id))
    reading.note("missing_thread_id", "no thread_id", f"the message got a thread of its own, {thread_id}")
    return thread_id


def _header(
    reading: Reading,
    message_id: MessageId,
    sender_id: str,
    date: str,
    first: Revision,
    fields: dict[str, Any],
    marks: list[MarkFact],
) -> Header:
    marked = {mark.field for mark in marks}
    own = {name: value for name, value in fields.items() if name not in marked}
    reply_to = None if REPLY in marked else _reply_to(reading)
    usual = default_id(message_id, sender_id, date, first.author_id, first.date, first.content)
    return Header(
        message_id=message_id,
        thread_id=_thread_id(reading, message_id, date),
        sender_id=sender_id,
        date=date,
        reply_to_message_id=reply_to,
        content=first.content,
        revision_id=None if first.revision_id == usual else first.revision_id,
        author_id=None if first.author_id == sender_id else first.author_id,
        revised_at=None if first.date == date else first.date,
        assumed=reading.row.get("assumed") is True,
        fields=own or None,
    )


def _reply_to(reading: Reading) -> MessageId | None:
    given = reading.row.get(REPLY)
    if given is None or given == "":
        return None
    if not isinstance(given, str):
        reading.note("unfit_reply_to_message_id", f"it is {kind_of(given)}", "the message replies to nothing")
        return None
    return reading.names.message(given)


def _marks(reading: Reading, message_id: MessageId, date: str, fields: dict[str, Any]) -> Iterator[MarkFact]:
    row = reading.row
    given = row.get("stamps")
    stamps = given if isinstance(given, dict) else {}
    if given is not None and not isinstance(given, dict):
        reading.note("unfit_stamps", "stamps is no object", "its fields count as the message's own")
    for field in sorted(stamps):
        pair = stamp_pair(stamps[field])
        if field == REPLY:
            value: Any = _reply_to(reading)
        elif field == "deleted":
            value = True if row.get("deleted_at") is not None else fields.get(field, False)
        else:
            value = fields.get(field)
        if pair is None:
            pair = Stamp(derive("mark", ms_of(date), message_id, field, _canonical(value).decode())), ""
            reading.guessed.add(pair[0])
            reading.note("unfit_stamp", "the stamp of a field", f"{pair[0]} was derived")
        yield MarkFact(message_id=message_id, field=field, stamp=pair[0], value=value, by=pair[1])
    if "deleted" not in stamps and (row.get("deleted_at") is not None or row.get("deleted") is True):
        ms = moment(row.get("deleted_at"))
        ms = ms_of(date) if ms is None else ms
        by = row.get("deleted_by")
        derived = Stamp(derive("mark", ms, message_id, "deleted", "true"))
        reading.note(
            "deletion_without_stamp",
            f"deleted_at is {kind_of(row.get('deleted_at'))}",
            f"{derived} was derived",
        )
        by = by if isinstance(by, str) else ""
        reading.guessed.add(derived)
        yield MarkFact(message_id=message_id, field="deleted", stamp=derived, value=True, by=by)


def _pieces(reading: Reading, message_id: MessageId, fields: dict[str, Any]) -> Iterator[PieceFact]:
    given = reading.row.get("live")
    if given is None:
        return
    pieces = given if isinstance(given, list) else [given]
    for piece in pieces:
        match piece:
            case [int(seq), str(text)] if 0 <= seq < 10**10 and seq is not True and seq is not False:
                yield PieceFact(message_id=message_id, seq=seq, text=text)
            case _:
                reading.note("unfit_live", "a piece is not [seq, text]", "`live` is kept as a field")
                fields["live"] = given


def _variants(reading: Reading, message_id: MessageId) -> list[Header]:
    given = reading.row.get("variants")
    if given is None:
        return []
    try:
        found = [_read_header(_canonical({**one, "message_id": message_id})) for one in given]
    except (TypeError, ValueError, msgspec.MsgspecError):
        reading.note("unfit_variants", "variants is not a list of headers", "the row itself was taken")
        return []
    fit = [one for one in found if is_id(one.thread_id) and _has_fit_ids(one)]
    if len(fit) < len(found):
        reading.note(
            "unfit_variants", f"{len(found) - len(fit)} variants have unfit ids or dates", "they were left"
        )
    return fit


def _has_fit_ids(header: Header) -> bool:
    ms = moment(header.date)
    return (
        ms is not None
        and iso(ms) == header.date
        and (header.revision_id is None or stamp(header.revision_id) is not None)
        and (header.reply_to_message_id is None or is_id(header.reply_to_message_id))
    )


def _edits_beside(
    reading: Reading, headers: list[Header], date: str, fields: dict[str, Any], marked: set[str]
) -> Iterator[MarkFact]:
    """Fields that were changed in the row but not in its `variants`, as later words."""
    said: dict[str, Any] = {}
    for header in reversed(headers):
        said |= header.fields or {}
    for field in sorted(fields.keys() - marked - {"legacy_message_id", REPLY}):
        spelled = _canonical(fields[field])
        if field not in said or _canonical(said[field]) != spelled:
            derived = Stamp(derive("mark", ms_of(date), headers[0].message_id, field, spelled.decode()))
            reading.note("edited_beside_variants", "a field", f"{derived} was derived for its value")
            reading.guessed.add(derived)
            yield MarkFact(
                message_id=headers[0].message_id, field=field, stamp=derived, value=fields[field], by=""
            )


def revision_fact(message_id: MessageId, one: Revision) -> RevisionFact:
    """The fact that a text of a message's history is."""
    return RevisionFact(
        message_id=message_id,
        revision_id=one.revision_id,
        author_id=one.author_id,
        content=one.content,
        date=one.date,
    )
