"""Polling: one task looks at the files of every open store, and in a thread where looking itself may hang.

What other machines or programs may write to is asked over a network, or of a program: a server there that does not
answer would hold up every document of this one. Those are looked at less often, each once at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Executor

from chatdoc.apps.server.room import Room

LOOK_S = 0.025
"""So often the files of the stores are looked at for what other processes wrote; that costs no thread."""
SHARED_LOOK_S = 0.1
"""So long after one look at a file system that may hang the next one begins."""


async def look_at_stores(rooms: Callable[[], Iterable[Room]], executor: Executor) -> None:
    """Wake a room whose files have changed; runs on and on."""
    loop = asyncio.get_running_loop()
    waiting: set[Room] = set()

    async def look_in_thread(room: Room) -> None:
        try:
            if (
                await loop.run_in_executor(executor, room.watch.may_have_news, loop.time())
                and not room.is_over
            ):
                room.look()
            await asyncio.sleep(SHARED_LOOK_S)
        finally:
            waiting.discard(room)

    async with asyncio.TaskGroup() as looks:
        while True:
            await asyncio.sleep(LOOK_S)
            now = loop.time()
            for room in rooms():
                if not room.watch.may_hang:
                    if room.watch.has_news(now):
                        room.look()
                elif room not in waiting:
                    waiting.add(room)
                    looks.create_task(look_in_thread(room))
