"""Random CoCalc files of few dates, senders and ids, so that rows meet in every way rows can meet.

Every value that is no date, name or id is a word of its own (`w17w`), so a test can look for each of them afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from typing import Any

from hypothesis import strategies as st

from chatdoc.model.clock import iso

Row = dict[str, Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]

T0 = 1_714_557_600_000
MOMENTS = (0, 1, T0, T0 + 1, T0 + 1000, T0 + 60_000, 4_260_211_200_000, 4_260_211_200_001)
SENDERS = (
    "ada00000-0000-4000-8000-00000000000a",
    "b0b00000-0000-4000-8000-00000000000b",
    "gpt-5.3-codex",
    "x",
)
THREADS = (
    "71000000-0000-4000-8000-000000000001",
    "72000000-0000-4000-8000-000000000002",
    f"legacy-thread-{T0}",
    f"legacy-thread-{T0 + 60_000}",
    "no id at all",
)
MESSAGES = (
    "31000000-0000-4000-8000-000000000011",
    "32000000-0000-4000-8000-000000000022",
    "33000000-0000-4000-8000-000000000033",
    f"legacy-message-{T0}-{SENDERS[0]}",
    f"legacy-message-{T0 + 1}-{SENDERS[1]}",
    f"legacy-message-{T0}-{SENDERS[0]}-1",
    "strange/id",
)
SETTINGS = (
    "name",
    "thread_color",
    "thread_icon",
    "thread_image",
    "folding",
    "read-x",
    "lastread-x",
    "cell_id",
    "resolved",
)
FIELDS = (
    "feedback",
    "acp_usage",
    "acp_thread_id",
    "acp_account_id",
    "codex_usage",
    "deleted",
    "content",
    "stamps",
)
STATES = ("idle", "queued", "running", "interrupted", "error", "complete", "dancing")
JUNK = ("", "  ", "\r", "null", "[1]", "7", '"text"', "{", '{"date":NaN}', '{"date":"x"', "\x00")


def spelling(draw: Draw, ms: int) -> Any:
    """A date as one of the eras wrote it."""
    text = iso(ms)
    others = (ms, str(ms), f"{ms}.5", float(ms), text[:-1] + "+00:00", text.replace("T", " "))
    return draw(st.sampled_from((text, text, text, text, *others)))


@st.composite
def rows(draw: Draw) -> list[Row]:
    """Up to a dozen rows of any kind."""
    number = count()

    def word() -> str:
        return f"w{next(number)}w"

    kinds = (
        message,
        message,
        message,
        message,
        second_version,
        second_version,
        stub,
        thread,
        config,
        state,
        other,
    )
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=12))
    return [kind(draw, word) for kind in chosen]


@st.composite
def files(draw: Draw) -> bytes:
    """Such rows as lines, some of them twice, among lines that are none."""
    lines = [json.dumps(row, ensure_ascii=draw(st.booleans())) for row in draw(rows())]
    lines += draw(st.lists(st.sampled_from(lines), max_size=2))
    for junk in draw(st.lists(st.sampled_from(JUNK), max_size=3)):
        lines.insert(draw(st.integers(0, len(lines))), junk)
    return "\n".join(lines).encode()


def message(draw: Draw, word: Callable[[], str]) -> Row:
    """A message row of any era before ids."""
    row: Row = {"event": "chat"}
    ms = draw(st.sampled_from(MOMENTS))
    if draw(st.integers(0, 9)):
        row["date"] = spelling(draw, ms) if draw(st.integers(0, 15)) else "no date"
    if draw(st.integers(0, 7)):
        row["sender_id"] = draw(st.sampled_from((*SENDERS, *SENDERS, "__unknown__", "")))
    carrier = draw(st.sampled_from(("history", "history", "history", "payload", "mesg", "none")))
    if carrier == "history":
        row["history"] = [entry(draw, word, ms) for _ in range(draw(st.integers(0, 3)))]
    if carrier in ("payload", "mesg") or not draw(st.integers(0, 9)):
        row["mesg" if carrier == "mesg" else "payload"] = {"content": word()}
    if draw(st.booleans()):
        row["reply_to"] = spelling(draw, draw(st.sampled_from(MOMENTS)))
    if not draw(st.integers(0, 4)):
        row["generating"] = draw(st.booleans())
    for name in draw(st.lists(st.sampled_from((*SETTINGS, *FIELDS)), max_size=2)):
        row[name] = {"k": word()} if draw(st.booleans()) else word()
    if not draw(st.integers(0, 4)):
        row["acp_config"] = {"model": word(), "sessionId": word()}
    if not draw(st.integers(0, 5)):
        row["pin"] = draw(st.sampled_from((True, False, "true", "0", 1, 0)))
    return row


def entry(draw: Draw, word: Callable[[], str], ms: int) -> Any:
    """One entry of a history, now and then an incomplete one."""
    found: Row = {"author_id": draw(st.sampled_from(SENDERS)), "content": word()}
    if draw(st.integers(0, 5)):
        found["date"] = spelling(draw, ms + draw(st.integers(0, 3)))
    if not draw(st.integers(0, 9)):
        del found["author_id"]
    return found if draw(st.integers(0, 15)) else word()


def second_version(draw: Draw, word: Callable[[], str]) -> Row:
    """A message row of CoCalc's second version, or of a file half on the way to it."""
    row = message(draw, word)
    row["schema_version"] = 2
    if draw(st.integers(0, 7)):
        row["message_id"] = draw(st.sampled_from(MESSAGES))
    if draw(st.integers(0, 7)):
        row["thread_id"] = draw(st.sampled_from(THREADS))
    name = draw(st.sampled_from(("parent_message_id", "reply_to_message_id", "", "")))
    if name:
        row[name] = draw(st.sampled_from(MESSAGES))
    return row


def stub(draw: Draw, word: Callable[[], str]) -> Row:
    """What a write by date alone left behind."""
    row: Row = {"date": spelling(draw, draw(st.sampled_from(MOMENTS)))}
    if draw(st.booleans()):
        row["event"] = "chat"
    for name in draw(st.lists(st.sampled_from((*SETTINGS, *FIELDS)), min_size=1, max_size=2)):
        row[name] = word()
    return row


def thread(draw: Draw, word: Callable[[], str]) -> Row:
    """A thread's identity."""
    row = record(draw, "chat-thread")
    row |= {"root_message_id": draw(st.sampled_from(MESSAGES)), "note": word()}
    row |= {"created_at": row["date"], "created_by": draw(st.sampled_from(SENDERS))}
    return row


def config(draw: Draw, word: Callable[[], str]) -> Row:
    """A thread's config, under the key of any month."""
    row = record(draw, "chat-thread-config")
    for name in draw(st.lists(st.sampled_from(SETTINGS), max_size=3)):
        row[name] = word()
    if draw(st.booleans()):
        row["acp_config"] = {"model": word()}
    return row


def state(draw: Draw, word: Callable[[], str]) -> Row:
    """A thread's state, under the key of any month."""
    row = record(draw, "chat-thread-state")
    row |= {"state": draw(st.sampled_from(STATES)), "active_message_id": draw(st.sampled_from(MESSAGES))}
    return row | {"hint": word()}


def record(draw: Draw, event: str) -> Row:
    """What the rows about threads have in common."""
    thread_id = draw(st.sampled_from(THREADS))
    name = event[5:].replace("-", "_")
    sender = draw(st.sampled_from((f"__{name}__:{thread_id}", f"__{name}__")))
    row: Row = {"event": event, "sender_id": sender, "thread_id": thread_id, "schema_version": 2}
    row["date"] = iso(draw(st.sampled_from(MOMENTS)))
    if draw(st.booleans()):
        row |= {
            "updated_at": iso(draw(st.sampled_from(MOMENTS))),
            "updated_by": draw(st.sampled_from(SENDERS)),
        }
    return row


def other(draw: Draw, word: Callable[[], str]) -> Row:
    """A row that is no message and no record."""
    event = draw(st.sampled_from(("draft", "start_video", "video", "coding-agent", "poll", 7)))
    return {"event": event, "date": draw(st.sampled_from((0, "session_name:s1", iso(T0)))), "input": word()}
