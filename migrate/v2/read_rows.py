"""The rows of a v2 text become facts, in two looks: first what ids are called and threads imply, then row by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from chatdoc.model.clock import ms_of
from chatdoc.model.errors import UnreadableFile
from chatdoc.model.facts import DocumentFact, Fact, Header, SettingFact, ThreadFact
from chatdoc.model.ids import ThreadId, is_id
from chatdoc.model.records.attic import AtticRow
from migrate.odd_value import kind_of
from migrate.v2.derive_ids import Names
from migrate.v2.fields import DOCUMENT_KEYS, taken
from migrate.v2.notes import Note, Reading
from migrate.v2.read_message import message_facts
from migrate.v2.read_thread import Implied, config_facts, deletion, state_facts, thread_facts, thread_id_of

SCHEMA_VERSION = 2
_read_attic = msgspec.json.Decoder(AtticRow).decode


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the text that is a JSON object: its number, its fields, and its text as it stands there."""

    number: int
    row: dict[str, Any]
    text: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a line gave: its facts, or why it is kept in the attic (then `facts` holds that attic row)."""

    line: int
    facts: list[Fact]
    attic: str = ""


def told_by(lines: list[Line], names: Names, note: Note, guessed: set[str]) -> list[Told]:
    """The facts of every line, in the order of the lines; anomalies go to `note`, ids not given to `guessed`."""
    readings = {line.number: Reading(line.number, line.row, names, note, guessed) for line in lines}
    told: dict[int, Told] = {}
    headers: list[Header] = []
    for line in lines:
        if line.row.get("event") in ("message", "message_part"):
            told[line.number] = _message(line, readings[line.number])
            headers += [fact for fact in told[line.number].facts if isinstance(fact, Header)]
    implied = _implied(headers)
    identities = {
        line.number: _thread(line, readings[line.number], implied)
        for line in lines
        if line.row.get("event") == "thread"
    }
    told |= identities
    born = {
        fact.thread_id: fact.created_at
        for one in identities.values()
        for fact in one.facts
        if isinstance(fact, ThreadFact)
    }
    deleted: dict[ThreadId, list[int]] = {}
    for line in lines:
        if line.number not in told:
            told[line.number] = _other(line, readings[line.number], born, deleted)
    for number, one in identities.items():
        told[number] = _with_deletion(one, readings[number], deleted)
    return [told[line.number] for line in lines]


def _message(line: Line, reading: Reading) -> Told:
    if not any(line.row.get(name) for name in ("message_id", "date", "history", "content")):
        return _kept(line, "message row without id, date or text")
    if line.row.get("event") == "message_part" and not line.row.get("message_id"):
        return _kept(line, "message_part row without message_id")
    return Told(line=line.number, facts=message_facts(reading))


def _implied(headers: list[Header]) -> dict[ThreadId, Implied]:
    found: dict[ThreadId, tuple[bool, str, str]] = {}
    dates: dict[ThreadId, str] = {}
    for header in headers:
        rank = (header.reply_to_message_id is not None, header.date, header.message_id)
        present = found.get(header.thread_id)
        if present is None or rank < present:
            found[header.thread_id] = rank
        dates[header.thread_id] = min(header.date, dates.get(header.thread_id, header.date))
    return {
        thread_id: msgspec.convert({"created_at": dates[thread_id], "root_message_id": rank[2]}, Implied)
        for thread_id, rank in found.items()
    }


def _thread(line: Line, reading: Reading, implied: Mapping[ThreadId, Implied]) -> Told:
    thread_id = thread_id_of(reading)
    if thread_id is None:
        return _kept(line, "thread row without thread_id")
    facts = thread_facts(reading, thread_id, implied.get(thread_id))
    if not facts:
        return _kept(line, "thread row without root_message_id, and no message names the thread")
    return Told(line=line.number, facts=list(facts))


def _with_deletion(one: Told, reading: Reading, deleted: Mapping[ThreadId, list[int]]) -> Told:
    thread_id = thread_id_of(reading)
    if one.attic or thread_id is None or thread_id in deleted:
        return one
    fact = deletion(reading, thread_id)
    if fact is None:
        return one
    reading.note(
        "deletion_without_stamp",
        f"deleted_at is {kind_of(reading.row['deleted_at'])}",
        f"{fact.stamp} was derived",
    )
    return Told(line=one.line, facts=[*one.facts, fact])


def _other(
    line: Line, reading: Reading, born: Mapping[ThreadId, str], deleted: dict[ThreadId, list[int]]
) -> Told:
    event = line.row.get("event")
    if event == "document":
        return _document(line, reading)
    if event == "attic":
        try:
            row = {
                name: line.row[name] for name in ("kind", "reason", "text", "encoding") if name in line.row
            }
            return Told(
                line=line.number, facts=[_read_attic(msgspec.json.encode(row))], attic="was in the attic"
            )
        except msgspec.MsgspecError:
            return _kept(line, "attic row without kind, reason or text")
    if event not in ("thread_config", "thread_state"):
        reason = f"unknown event {event!r}"[:80] if event is not None else "no event"
        return _kept(
            line, reason, f"event is {kind_of(event)}, which is unknown" if event is not None else reason
        )
    thread_id = thread_id_of(reading)
    if thread_id is None:
        return _kept(line, f"{event} row without thread_id")
    facts: list[Fact]
    if event == "thread_state":
        facts = list(state_facts(reading, thread_id))
        return (
            Told(line=line.number, facts=facts)
            if facts
            else _kept(line, "thread_state row without a known state")
        )
    facts = list(config_facts(reading, thread_id, ms_of(born.get(thread_id, "1970-01-01"))))
    if any(isinstance(fact, SettingFact) and fact.field == "deleted" for fact in facts):
        deleted.setdefault(thread_id, []).append(line.number)
    return Told(line=line.number, facts=facts)


def _document(line: Line, reading: Reading) -> Told:
    values = taken(line.row, DOCUMENT_KEYS)
    version = values.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise UnreadableFile(
            f"line {line.number}: expected schema_version {SCHEMA_VERSION} or less, got {version} of a newer program",
            hint="Update this program; the file was not touched",
        )
    given = values.get("document_id")
    if given is not None and not _is_document_id(given):
        values["legacy_document_id"] = values.pop("document_id")
        reading.note(
            "unfit_document_id", f"document_id is {kind_of(given)}", "it is kept as legacy_document_id"
        )
    also = line.row.get("also")
    facts: list[Fact] = [DocumentFact(field=field, value=values[field]) for field in sorted(values)]
    if isinstance(also, dict):
        for field in sorted(also):
            if isinstance(also[field], list):
                fit = [one for one in also[field] if field != "document_id" or _is_document_id(one)]
                facts += [DocumentFact(field=field, value=value) for value in fit]
    return Told(line=line.number, facts=facts)


def _is_document_id(value: Any) -> bool:
    return isinstance(value, str) and is_id(value)


def _kept(line: Line, reason: str, said: str | None = None) -> Told:
    """A row for the attic with its reason; `said` is what a report says instead, where that has content in it."""
    row = AtticRow(kind="row", reason=reason, text=line.text)
    return Told(line=line.number, facts=[row], attic=said or reason)
