"""Rows are told apart by what they are, not by where they stand: messages, records of threads, stubs, and the rest."""

from __future__ import annotations

from typing import Any, NamedTuple

from migrate.cocalc.chat import CONFIG_FIELDS, CONFIG_PREFIXES, Chat
from migrate.cocalc.dates import read_date
from migrate.cocalc.lines import Line

THREAD, CONFIG, STATE, CHAT = "chat-thread", "chat-thread-config", "chat-thread-state", "chat"
_REASONS = {
    "draft": "a draft, no message",
    "start_video": "a video call, no message",
    "stop_video": "a video call, no message",
    "video": "a video call, no message",
    "coding-agent": "a row of an embedded agent, no message",
    "notebook-agent": "a row of an embedded agent, no message",
}


class Stub(NamedTuple):
    """A row that some date-keyed write left behind: fields for whatever stands at its millisecond."""

    line: Line
    ms: int | None
    fields: dict[str, Any]


class Sorted(NamedTuple):
    """The rows of a source by kind; `rest` are those kept verbatim, with the reason."""

    chats: list[Chat]
    threads: list[Line]
    configs: list[Line]
    states: list[Line]
    stubs: list[Stub]
    rest: list[tuple[Line, str]]


def sort_rows(lines: list[Line]) -> Sorted:
    """Each line that has a row, to its kind."""
    found = Sorted([], [], [], [], [], [])
    records = {THREAD: found.threads, CONFIG: found.configs, STATE: found.states}
    for line in lines:
        row = line.row
        assert row is not None
        event = row.get("event")
        if event == CHAT or (event is None and isinstance(row.get("mesg"), dict)):
            _sort_chat(line, row, found)
        elif event in records and isinstance(row.get("thread_id"), str) and row["thread_id"].strip():
            records[event].append(line)
        elif event is None and "date" in row and not _is_message(row) and _config_of(row):
            found.stubs.append(_stub(line, row))
        else:
            found.rest.append((line, _reason(row)))
    return found


def _sort_chat(line: Line, row: dict[str, Any], found: Sorted) -> None:
    video = row.get("video_chat")
    if isinstance(video, dict) and video.get("is_video_chat"):
        found.rest.append((line, "a video call, no message"))
    elif _is_message(row) or not _config_of(row):
        found.chats.append(Chat(line, row))
    else:
        found.stubs.append(_stub(line, row))


def _is_message(row: dict[str, Any]) -> bool:
    """Whether the row says who wrote what; a partial-key write leaves one that does not."""
    return (
        bool(row.get("sender_id"))
        or bool(row.get("history"))
        or isinstance(row.get("payload"), dict)
        or isinstance(row.get("mesg"), dict)
        or bool(row.get("message_id"))
    )


def _config_of(row: dict[str, Any]) -> bool:
    return any(name in CONFIG_FIELDS or name.startswith(CONFIG_PREFIXES) for name in row)


def _stub(line: Line, row: dict[str, Any]) -> Stub:
    fields = {
        name: value for name, value in row.items() if name not in ("event", "date") and value is not None
    }
    return Stub(line, read_date(row.get("date")), fields)


def _reason(row: dict[str, Any]) -> str:
    event = row.get("event")
    if isinstance(event, str):
        return _REASONS.get(event, f"unknown event {event[:40]!r}")
    return "text that an older program could not read" if "corrupt" in row else "a row without an event"
