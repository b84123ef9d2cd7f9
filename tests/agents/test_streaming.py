"""An asynchronous generator streams into a turn, and the event loop goes on while the turn writes."""

from __future__ import annotations

import asyncio
import doctest
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chatdoc.agents import stream as stream_module
from chatdoc.agents.flush_policy import Pace
from chatdoc.agents.stream import stream
from chatdoc.agents.turn import Turn
from chatdoc.document import Document
from chatdoc.model.errors import CommandRefused, TurnOver
from chatdoc.model.ids import ThreadId
from chatdoc.model.records.message import Message

AT_ONCE = Pace(chars=1, growth=1)


async def _words(*words: str, closed: list[str] | None = None) -> AsyncIterator[str]:
    try:
        for word in words:
            await asyncio.sleep(0)
            yield word
    finally:
        if closed is not None:
            closed.append("closed")


def test_the_example_in_the_docstring_runs() -> None:
    """What the module shows is what it does."""
    result = doctest.testmod(stream_module)
    assert (result.failed, result.attempted > 5) == (0, True)


def test_a_generator_becomes_an_answer(document: Document, thread_id: ThreadId) -> None:
    """Every chunk is in the text, and what it cost is asked once the last has come."""
    asked: list[str] = []

    def usage() -> dict[str, Any]:
        asked.append(turn.message.content)
        return {"output_tokens": 3}

    turn = document.start_turn(thread_id, sender_id="codex", pace=AT_ONCE)
    done = asyncio.run(stream(turn, _words("Hello", ", ", "world"), usage=usage))
    assert (done.content, done.acp_usage) == ("Hello, world", {"output_tokens": 3})
    assert asked == ["Hello, world"]


def test_many_generators_stream_at_once(document: Document) -> None:
    """Turns of several threads run side by side in one loop, and each gets its own text."""
    threads = [
        document.create_thread(sender_id="ada", content=str(number), name="x").thread_id
        for number in range(5)
    ]

    async def all_of_them() -> list[Message]:
        turns = [document.start_turn(one, sender_id="codex", pace=AT_ONCE) for one in threads]
        return await asyncio.gather(
            *(stream(turn, _words(*f"{number}bcd")) for number, turn in enumerate(turns))
        )

    found = asyncio.run(all_of_them())
    assert [one.content for one in found] == [f"{number}bcd" for number in range(5)]
    assert document.check().ok


def test_the_loop_goes_on_while_a_turn_writes(
    document: Document, thread_id: ThreadId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command runs in another thread; one that waits for the disk lets others of the loop run."""
    turn = document.start_turn(thread_id, sender_id="codex", pace=AT_ONCE)
    on_disk, go_on = threading.Event(), threading.Event()
    execute, where = turn._execute, []

    def slow(*args: Any, **given: Any) -> Any:
        where.append(threading.current_thread() is threading.main_thread())
        on_disk.set()
        assert go_on.wait(timeout=60), "the loop stood still"
        return execute(*args, **given)

    async def both() -> Message:
        streaming_turn = asyncio.ensure_future(stream(turn, _words("Hello")))
        while not on_disk.is_set():
            await asyncio.sleep(0)
        go_on.set()
        return await streaming_turn

    monkeypatch.setattr(turn, "_execute", slow)
    assert asyncio.run(both()).content == "Hello"
    assert where == [False, False]


@pytest.mark.parametrize("is_over", [False, True])
def test_the_loop_goes_on_while_somebody_else_writes_the_turn(
    document: Document, thread_id: ThreadId, monkeypatch: pytest.MonkeyPatch, is_over: bool
) -> None:
    """A save writes what is gathered, in a thread of its own; what comes then waits for it where nobody else does."""
    turn = document.start_turn(thread_id, sender_id="codex", pace=Pace(chars=1000, ms=60_000))
    on_disk, go_on, where = threading.Event(), threading.Event(), []
    execute = turn._execute

    def slow(*args: Any, **given: Any) -> Any:
        where.append(threading.current_thread() is threading.main_thread())
        on_disk.set()
        assert go_on.wait(timeout=60), "the loop stood still"
        return execute(*args, **given)

    async def agent() -> AsyncIterator[str]:
        yield "Let me "
        while not on_disk.is_set():
            await asyncio.sleep(0.001)
        if is_over:
            go_on.set()
            while turn._ended is None:
                await asyncio.sleep(0.001)
        asyncio.get_running_loop().call_later(0.01, go_on.set)
        yield "think"

    async def both() -> Message:
        streaming_turn = asyncio.ensure_future(stream(turn, agent()))
        while not turn.waiting:
            await asyncio.sleep(0.001)
        if is_over:
            document.agents.interrupt(thread_id, turn.message_id)
        saving = asyncio.ensure_future(asyncio.to_thread(document.agents.flush))
        try:
            return await streaming_turn
        finally:
            await saving

    monkeypatch.setattr(turn, "_execute", slow)
    if is_over:
        with pytest.raises(TurnOver):
            asyncio.run(both())
    else:
        assert asyncio.run(both()).content == "Let me think"
    assert where
    assert not any(where)
    assert "Let me think" in [text.content for text in turn.message.history]


def test_text_that_waits_is_written_while_nothing_comes(document: Document, thread_id: ThreadId) -> None:
    """An agent that thinks after a few words does not keep them from readers."""
    turn = document.start_turn(thread_id, sender_id="codex", pace=Pace(chars=1000, ms=1))
    shown: list[str] = []

    async def agent() -> AsyncIterator[str]:
        yield "Let me think"
        while not turn.message.content:
            await asyncio.sleep(0.001)
        shown.append(turn.message.content)
        yield ": done"

    assert asyncio.run(stream(turn, agent())).content == "Let me think: done"
    assert shown == ["Let me think"]


def test_an_error_of_the_generator_fails_the_turn(document: Document, thread_id: ThreadId) -> None:
    """Its text is kept, and the error goes on to the caller."""

    async def agent() -> AsyncIterator[str]:
        yield "Half"
        raise ConnectionError("no route to host")

    turn = document.start_turn(thread_id, sender_id="codex")
    with pytest.raises(ConnectionError):
        asyncio.run(stream(turn, agent()))
    assert turn.message.content == "Half\n\nConnectionError: no route to host"
    assert turn.state == "error"


def test_cancelling_interrupts_the_turn(document: Document, thread_id: ThreadId) -> None:
    """The generator is closed, what came is kept, and the cancellation goes on."""
    closed: list[str] = []
    turn = document.start_turn(thread_id, sender_id="codex", pace=AT_ONCE)

    async def agent() -> AsyncIterator[str]:
        try:
            yield "Half"
            await asyncio.Event().wait()
        finally:
            closed.append("closed")

    async def stop() -> None:
        task = asyncio.ensure_future(stream(turn, agent()))
        while not turn.message.content:
            await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(stop())
    assert (turn.state, turn.message.content, closed) == ("interrupted", "Half", ["closed"])


def test_a_turn_that_the_user_interrupts_ends_the_stream(document: Document, thread_id: ThreadId) -> None:
    """The generator is closed at the next piece, and all that came until then is kept."""
    closed: list[str] = []
    turn: Turn = document.start_turn(thread_id, sender_id="codex", pace=AT_ONCE)

    async def agent() -> AsyncIterator[str]:
        try:
            yield "Half "
            await asyncio.to_thread(document.agents.interrupt, thread_id, turn.message_id)
            yield "an answer"
            yield "never asked for"
        finally:
            closed.append("closed")

    with pytest.raises(TurnOver):
        asyncio.run(stream(turn, agent()))
    assert (turn.state, turn.message.content, closed) == ("interrupted", "Half an answer", ["closed"])


@pytest.mark.parametrize("chunks", [["a", "list"], None, _words])
def test_what_is_no_generator_fails_the_turn_and_the_thread_goes_on(
    document: Document, thread_id: ThreadId, chunks: Any
) -> None:
    """A forgotten call, `stream(turn, agent)`, leaves no turn that runs until the process ends."""
    turn = document.start_turn(thread_id, sender_id="codex")
    with pytest.raises(TypeError):
        asyncio.run(stream(turn, chunks))
    assert turn.state == "error"
    assert document.start_turn(thread_id, sender_id="codex").state == "running"


def _broken_meter() -> dict[str, Any]:
    raise KeyError("tokens")


@pytest.mark.parametrize("usage", [["10 tokens"], {"cost": 1 + 2j}, _broken_meter])
def test_a_usage_that_cannot_be_told_fails_the_turn_with_all_it_said(
    document: Document, thread_id: ThreadId, usage: Any
) -> None:
    """The caller hears of it, and the thread takes the next turn."""
    turn = document.start_turn(thread_id, sender_id="codex")
    with pytest.raises((CommandRefused, KeyError)):
        asyncio.run(stream(turn, _words("All ", "said"), usage=usage))
    assert (turn.state, turn.message.content[:8]) == ("error", "All said")
