"""A stream goes on while its store takes nothing: what was said waits, and is told where it is never written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chatdoc.agents.flush_policy import Pace
from chatdoc.agents.stream import stream
from chatdoc.document import Document
from chatdoc.model.errors import DiskFull, StoreError, StoreGone
from chatdoc.model.ids import ThreadId


@pytest.mark.parametrize("error", [StoreError("no room"), DiskFull("no room")])
def test_a_disk_that_is_full_for_a_while_costs_no_answer(
    document: Document,
    thread_id: ThreadId,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: StoreError,
) -> None:
    """The agent goes on, and what it said meanwhile is written when there is room; that it waits is told once."""
    turn = document.start_turn(thread_id, sender_id="codex", pace=Pace(chars=1, ms=1, growth=1))
    execute, failed = turn._execute, []

    def fail(*_: Any, **__: Any) -> Any:
        failed.append(1)
        raise error

    async def agent() -> AsyncIterator[str]:
        yield "one "
        monkeypatch.setattr(turn, "_execute", fail)
        yield "two "
        while len(failed) < 3:  # Also while nothing comes it is tried.
            await asyncio.sleep(0.001)
        yield "three "
        monkeypatch.setattr(turn, "_execute", execute)
        yield "four"

    assert asyncio.run(stream(turn, agent())).content == "one two three four"
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_disk_that_is_full_is_not_asked_for_room_with_each_chunk(
    document: Document, thread_id: ThreadId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again when what waits has waited: 3,000 chunks were 2,985 attempts, each with a warning."""
    turn = document.start_turn(thread_id, sender_id="codex", pace=Pace(chars=1, ms=3_600_000, growth=1))
    execute, failed = turn._execute, []

    def fail(*_: Any, **__: Any) -> Any:
        failed.append(1)
        raise StoreError("no room")

    async def agent() -> AsyncIterator[str]:
        monkeypatch.setattr(turn, "_execute", fail)
        for _ in range(50):
            yield "word "
        monkeypatch.setattr(turn, "_execute", execute)

    assert asyncio.run(stream(turn, agent())).content == "word " * 50
    assert len(failed) == 1


@pytest.mark.parametrize("error", [StoreGone("moved away"), StoreError("no room")])
def test_a_store_that_is_gone_or_full_at_the_end_is_told(
    document: Document, thread_id: ThreadId, monkeypatch: pytest.MonkeyPatch, error: StoreError
) -> None:
    """Nobody is told that an answer is there which is not; the turn still has it, and can be ended later."""
    turn = document.start_turn(thread_id, sender_id="codex", pace=Pace(chars=1, growth=1))
    execute = turn._execute

    def fail(*_: Any, **__: Any) -> Any:
        raise error

    async def agent() -> AsyncIterator[str]:
        for word in ("one ", "two"):
            yield word

    monkeypatch.setattr(turn, "_execute", fail)
    with pytest.raises(type(error)) as told:
        asyncio.run(stream(turn, agent()))
    assert "could not be ended" in str(told.value.__notes__)
    monkeypatch.setattr(turn, "_execute", execute)
    assert turn.finalize().content == ("one " if isinstance(error, StoreGone) else "one two")
