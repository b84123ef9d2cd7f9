"""A full disk is said to be one: nothing is half written, nothing is refused for ever, and the retry succeeds."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from chatdoc.document import Document
from chatdoc.model.errors import NotFound, StoreError
from chatdoc.testing.white_box import execute_of
from chatdoc.workspace import log_of
from tests.event_view.workplace import ask, opened

BIG = Random(1).randbytes(100_000).hex()
"""No compression makes it fit."""
LOG_ALONE: dict[str, Callable[[Document, str], Any]] = {
    "activity": lambda document, thread: document.agents.append_activity(
        thread, kind="tool.completed", summary="s", payload=BIG, command_id="c"
    ),
    "approval": lambda document, thread: document.agents.request_approval(
        thread, "one", summary="s", payload={"text": BIG}, command_id="c"
    ),
    "checkpoint": lambda document, thread: document.agents.complete_checkpoint(
        thread, turn_id="turn", turn_count=1, checkpoint_ref="ref", diff=BIG, command_id="c"
    ),
}
OF_THE_DOCUMENT: dict[str, Callable[[Document, str], Any]] = {
    "message": lambda document, thread: document.send(thread, sender_id="ada", content=BIG, command_id="c"),
    "turn": lambda document, thread: document.start_turn(
        thread, sender_id="codex", fields={"note": BIG}, command_id="c"
    ),
}


@contextlib.contextmanager
def full(document: Document) -> Iterator[None]:
    """While the store may not grow by more than two pages."""
    execute = execute_of(document)
    pages = execute("PRAGMA page_count").fetchone()[0]
    execute(f"PRAGMA max_page_count = {pages + 2}")
    try:
        yield
    finally:
        execute("PRAGMA max_page_count = 1000000")


@pytest.fixture
def document(tmp_path: Path) -> Document:
    """A stored document with one thread."""
    document = opened(tmp_path)
    document.create_thread(sender_id="ada", content="Hello")
    return document


def left(folder: Path) -> list[tuple[Any, ...]]:
    """How many events, receipts and texts of differences there are."""
    return ask(
        folder,
        "SELECT (SELECT count(*) FROM orchestration_events),"
        " (SELECT count(*) FROM orchestration_command_receipts), (SELECT count(*) FROM checkpoint_diff_blobs)",
    )


@pytest.mark.parametrize("name", LOG_ALONE)
def test_what_only_the_log_knows_is_told_once_there_is_room(
    document: Document, tmp_path: Path, name: str
) -> None:
    """The document stays open; the command left nothing, and the same id then tells it."""
    thread, before = document.threads()[0].thread_id, left(tmp_path)
    with full(document), pytest.raises(StoreError, match=r"disk is full.*Free space"):
        LOG_ALONE[name](document, thread)
    assert left(tmp_path) == before
    assert LOG_ALONE[name](document, thread) == LOG_ALONE[name](document, thread) > 0
    document.close()
    with log_of(tmp_path / "team.chat", write=True) as log:
        assert set(log.rebuild().tables.values()) == {"equal"}


@pytest.mark.parametrize("name", OF_THE_DOCUMENT)
@pytest.mark.parametrize("reopened", [False, True])
def test_what_concerns_the_document_is_written_once_there_is_room(
    document: Document, tmp_path: Path, name: str, reopened: bool
) -> None:
    """Memory was ahead of the disk; neither this opening nor the next one shows any of it, and the retry succeeds."""
    thread, before = document.threads()[0].thread_id, left(tmp_path)
    with full(document), pytest.raises(StoreError, match=r"disk is full.*Free space"):
        OF_THE_DOCUMENT[name](document, thread)
    assert left(tmp_path) == before
    if reopened:
        document.close()
        document = opened(tmp_path, seed=2)
    assert len(document.messages(thread)) == 1
    OF_THE_DOCUMENT[name](document, thread)
    assert len(document.messages(thread)) == 2
    document.close()
    with log_of(tmp_path / "team.chat", write=True) as log:
        assert set(log.rebuild().tables.values()) == {"equal"}


def test_a_refusal_that_found_no_room_is_no_damage(document: Document, tmp_path: Path) -> None:
    """SQLite ends the transaction itself then; the document stays open, and refuses the command once there is room."""
    nowhere, before = "x" * 100_000, left(tmp_path)
    with full(document), pytest.raises(StoreError, match=r"disk is full.*Free space"):
        document.send(nowhere, sender_id="ada", content="Hi", command_id="c")
    assert left(tmp_path) == before
    for _ in range(2):
        with pytest.raises(NotFound, match="there is no thread"):
            document.send(nowhere, sender_id="ada", content="Hi", command_id="c")
    assert left(tmp_path)[0][1] == before[0][1] + 1
    document.close()
