"""Threads at a glance: one line each, for people as a table and for programs as values."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.table import Table

from chatdoc.apps.cli.terminal import RECORDS_BELOW, line, table
from chatdoc.model.ids import ThreadId
from chatdoc.model.view.view import View

NARROW = 100
"""Columns of a screen below which a table of threads leaves something out."""
LAST = "last (UTC)"
"""The heading of a column of moments: they are not those of the reader's zone."""
TITLE_MIN = 8
"""Characters of a title that are shown on any screen."""
TITLE_MAX = 32
GAP = 3
"""Columns of a screen between two columns of a table."""


class ThreadSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says of one thread; `title` is its name, or else how its root message begins."""

    thread_id: ThreadId
    title: str
    name: str | None
    messages: int
    created_at: str
    created_by: str
    last_message_at: str
    agent: str | None
    state: str | None
    deleted: bool


def summaries(view: View) -> list[ThreadSummary]:
    """All threads, the deleted ones too, by creation date and id."""
    return [_summary(view, thread_id) for thread_id in view.thread_ids()]


def threads_table(threads: list[ThreadSummary], width: int) -> Table:
    """The threads as a table, one line each; on a narrow screen without agents, and with days instead of minutes."""
    narrow = width < NARROW
    columns = ("thread", "messages", LAST, *(() if narrow else ("agent",)), "state")
    return titled(columns, [_cells(one, narrow) for one in threads], [one.title for one in threads], width)


def titled(columns: Sequence[str], rows: list[tuple[str, ...]], titles: list[str], width: int) -> Table:
    """A table with one line a row: after its first column stands a title, in the room that the others leave."""
    taken = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    room = width - sum(taken) - GAP * len(columns)
    whole = (
        tuple(columns) if room >= TITLE_MIN else columns[:1]
    )  # Else the ids, which are asked for, would be cut.
    # A row that stands alone, a heading before each cell, leaves room enough.
    cut = TITLE_MAX if width < RECORDS_BELOW else max(TITLE_MIN, min(TITLE_MAX, room))
    grid = table(columns[0], "title", *columns[1:], numbers=("messages",), whole=tuple(whole))
    for cells, title in zip(rows, titles, strict=True):
        grid.add_row(cells[0], line(title, cut), *cells[1:])
    return grid


def moment(date: str, narrow: bool) -> str:
    """A date for a table: to the minute, or to the day on a narrow screen."""
    return date[: 10 if narrow else 16].replace("T", " ")


def _cells(thread: ThreadSummary, narrow: bool) -> tuple[str, ...]:
    last = moment(thread.last_message_at, narrow)
    agent = () if narrow else (line(thread.agent or "", 16).plain,)
    state = "deleted" if thread.deleted else thread.state or ""
    return (thread.thread_id, str(thread.messages), last, *agent, state)


def _summary(view: View, thread_id: ThreadId) -> ThreadSummary:
    thread, config, state = view.thread(thread_id), view.config(thread_id), view.state(thread_id)
    assert thread is not None, f"thread {thread_id} is listed and not there"
    messages = [message for one in view.messages_of(thread_id) if (message := view.message(one)) is not None]
    shown = [message for message in messages if message.deleted_at is None]
    root = view.message(thread.root_message_id)
    model = (config.acp_config or {}).get("model")
    return ThreadSummary(
        thread_id=thread_id,
        title=config.name or (root.content if root is not None else ""),
        name=config.name,
        messages=len(shown),
        created_at=thread.created_at,
        created_by=thread.created_by,
        last_message_at=max((message.date for message in messages), default=thread.created_at),
        agent=model if isinstance(model, str) else None,
        state=state.state if state is not None else None,
        deleted=thread.deleted_at is not None,
    )
