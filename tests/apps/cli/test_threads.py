"""Threads are shown one line each, on wide and narrow screens."""

from __future__ import annotations

import io
from random import Random

import pytest
from rich.console import Console

from chatdoc.apps.cli.threads import summaries, threads_table
from chatdoc.document import Document
from chatdoc.in_memory import memory_document


def begin() -> Document:
    """A document in memory whose clock stands still in 2026."""
    return memory_document(clock=lambda: 1_770_000_000_000, random=Random(1).randbytes)


def test_deleted_messages_are_not_counted_and_deleted_threads_say_so() -> None:
    """What was deleted is left out of the count, and a deleted thread is shown as one."""
    document = begin()
    thread = document.create_thread(sender_id="ada", content="Hello", acp_config={"model": "gpt-5-codex"})
    message = document.send(thread.thread_id, sender_id="bob", content="Hi")
    document.delete_message(message.message_id, deleted_by="bob")
    (shown,) = summaries(document.view)
    assert (shown.title, shown.name, shown.messages, shown.agent, shown.deleted) == (
        "Hello",
        None,
        1,
        "gpt-5-codex",
        False,
    )
    document.delete_thread(thread.thread_id, deleted_by="ada")
    assert summaries(document.view)[0].deleted


@pytest.mark.parametrize("width", [50, 60, 80, 100, 120])
def test_every_thread_takes_one_line_of_80_columns_and_shows_its_id_on_fewer(width: int) -> None:
    """Neither ids nor headings are folded on a screen of 80 columns or more; on less, what is folded is no id."""
    document = begin()
    for number in range(3):
        document.create_thread(sender_id="ada", content=f"A title of some length, number {number}")
    screen = Console(file=io.StringIO(), width=width)
    with screen.capture() as captured:
        screen.print(threads_table(summaries(document.view), width))
    lines = captured.get().rstrip("\n").split("\n")
    assert width < 80 or len(lines) == 2 + 3
    ids = [word for line in lines for word in line.split() if len(word) == 26 and word.isalnum()]
    assert ids == [str(thread.thread_id) for thread in document.threads()]
