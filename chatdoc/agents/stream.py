"""An asynchronous generator becomes an agent's answer without ever blocking the event loop.

>>> import asyncio, os
>>> from chatdoc.model.clock import system_clock
>>> from chatdoc.in_memory import memory_document
>>> async def agent():
...     for word in ("Hello", ", ", "world"):
...         await asyncio.sleep(0)
...         yield word
>>> async def answer(document, thread_id):
...     turn = await asyncio.to_thread(document.start_turn, thread_id, sender_id="codex")
...     return await stream(turn, agent(), usage={"output_tokens": 3})
>>> document = memory_document(clock=system_clock, random=os.urandom)
>>> thread = document.create_thread(sender_id="ada", content="Say hello", name="Greetings")
>>> asyncio.run(answer(document, thread.thread_id)).content
'Hello, world'
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Callable
from functools import partial
from typing import Any, Final

from chatdoc.agents.turn import Turn
from chatdoc.model.errors import StoreDamaged, StoreError, StoreGone
from chatdoc.model.records.message import Message

Usage = dict[str, Any] | Callable[[], dict[str, Any] | None] | None
"""What the answer cost; a function is asked once the last chunk has come."""

_END: Final = object()
_log = logging.getLogger("chatdoc")


async def stream(turn: Turn, chunks: AsyncIterable[str], *, usage: Usage = None) -> Message:
    """Append every chunk as it comes, and finalize the turn; returns the message.

    What goes wrong, in the generator or here, fails the turn, cancelling interrupts it, and both go on to the caller.
    Raises TurnOver when somebody else ended the turn; what came until then is kept. A disk that is full, or a store
    that somebody else holds, fails only what ends the turn: what cannot be written before is kept for the next time.
    """
    iterator: AsyncIterator[str] | None = None
    try:
        iterator = aiter(chunks)
        await _follow(turn, iterator)
        told = usage() if callable(usage) else usage
        return await asyncio.to_thread(partial(turn.finalize, usage=told))
    except BaseException as error:
        # A second cancellation leaves the thread at it: the turn ends all the same.
        await asyncio.shield(asyncio.ensure_future(asyncio.to_thread(turn.leave, error)))
        raise
    finally:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            await close()


async def _follow(turn: Turn, iterator: AsyncIterator[str]) -> None:
    is_told = False
    while True:
        coming = asyncio.ensure_future(_next(iterator))
        try:
            while not coming.done():
                patience = turn.patience_ms / 1000 if turn.waiting else None
                await asyncio.wait((coming,), timeout=patience)
                if not coming.done() and turn.waiting:
                    is_told = await _flush(turn, is_told)
            chunk = coming.result()
        finally:
            if not coming.done():
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
        if chunk is _END:
            return
        is_due = turn.gather_at_once(chunk)
        if is_due is None:
            # A save, say, writes what is gathered, in a thread of its own that waits for its disk.
            is_due = await asyncio.to_thread(turn.gather, chunk)
        if is_due:
            is_told = await _flush(turn, is_told)


async def _flush(turn: Turn, is_told: bool) -> bool:
    """Write what is gathered, or keep it where the store may take it later: what an agent says is not said twice.

    Returns whether it was told that text waits, which is told once until it is written.
    """
    try:
        await asyncio.to_thread(turn.flush)
    except (StoreGone, StoreDamaged):
        raise
    except StoreError as error:
        if not is_told:
            _log.warning(
                "%d characters of a turn wait, for they could not be written: %s", turn.waiting, error
            )
        return True
    return False


async def _next(iterator: AsyncIterator[str]) -> Any:
    try:
        return await anext(iterator)
    except StopAsyncIteration:
        return _END
