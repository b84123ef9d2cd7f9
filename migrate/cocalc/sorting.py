"""Rows are told apart by what they are, not by where they stand: messages, records of threads, stubs, and the rest."""

from __future__ import annotations

from typing import Any, NamedTuple

from migrate.cocalc.chat import Chat
from migrate.cocalc.dates import read_date
from migrate.cocalc.records import Record
from migrate.cocalc.rows import ID_FIELDS, chat_of, is_config
from migrate.lines import Line

CHAT = "chat"
THREAD, CONFIG, STATE = "chat-thread", "chat-thread-config", "chat-thread-state"
_REASONS = {
    "draft": "a draft, no message",
    "start_video": "a video call, no message",
    "stop_video": "a video call, no message",
    "video": "a video call, no message",
    "coding-agent": "a row of an embedded agent, no message",
    "notebook-agent": "a row of an embedded agent, no message",
    THREAD: "a record of a thread without its id",
    CONFIG: "a record of a thread without its id",
    STATE: "a record of a thread without its id",
}
_VIDEO = "a video call, no message"
_FIELDS_ONLY = "fields for a message that it does not name"


class Stub(NamedTuple):
    """A row that some date-keyed write left behind: fields for whatever stands at its millisecond."""

    line: Line
    ms: int | None
    fields: dict[str, Any]
    whole: bool
    """Whether all it says are fields of a thread."""


class Sorted(NamedTuple):
    """The rows of a source by kind; `rest` are those kept verbatim, with the reason."""

    chats: list[Chat]
    threads: list[Record]
    configs: list[Record]
    states: list[Record]
    stubs: list[Stub]
    rest: list[tuple[Line, str]]


def sort_rows(chats: list[Chat], lines: list[Line]) -> Sorted:
    """Each line that has a row, to its kind; beside the messages found already."""
    found = Sorted(chats, [], [], [], [], [])
    records = {THREAD: found.threads, CONFIG: found.configs, STATE: found.states}
    for line in lines:
        row = line.row
        assert row is not None
        event = row.get("event")
        if event == CHAT or (event is None and isinstance(row.get("mesg"), dict)):
            _sort_chat(line, row, found)
        elif isinstance(event, str) and event in records and _has_thread(row):
            records[event].append(Record(line.number, line.raw, row))
        elif event is None and "date" in row and not _is_message(row):
            _sort_stub(line, row, found)
        else:
            found.rest.append((line, _reason(row)))
    return found


def _sort_chat(line: Line, row: dict[str, Any], found: Sorted) -> None:
    video = row.get("video_chat")
    if isinstance(video, dict) and video.get("is_video_chat"):
        found.rest.append((line, _VIDEO))
    elif _is_message(row):
        found.chats.append(chat_of(line.number, line.raw, row))
    else:
        _sort_stub(line, row, found)


def _sort_stub(line: Line, row: dict[str, Any], found: Sorted) -> None:
    said = {name: value for name, value in row.items() if name not in ("event", "date") and value is not None}
    fields = {name: value for name, value in said.items() if is_config(name)}
    if fields:
        found.stubs.append(Stub(line, read_date(row.get("date")), fields, len(fields) == len(said)))
    else:
        found.rest.append((line, _FIELDS_ONLY if said else "a row that says nothing"))


def _is_message(row: dict[str, Any]) -> bool:
    """Whether the row says who wrote what, or which message it is; a partial-key write leaves one that does not."""
    return (
        bool(row.get("sender_id"))
        or bool(row.get("history"))
        or row.get("payload") is not None
        or row.get("mesg") is not None
        or any(row.get(name) for name in ID_FIELDS)
    )


def _has_thread(row: dict[str, Any]) -> bool:
    return isinstance(row.get("thread_id"), str) and bool(row["thread_id"].strip())


def _reason(row: dict[str, Any]) -> str:
    event = row.get("event")
    if isinstance(event, str):
        return _REASONS.get(event, f"unknown event {event[:40]!r}")
    return "text that an older program could not read" if "corrupt" in row else "a row without an event"
