"""Retry: a document whose disk is full, or that may not be written, is opened again as soon as it can be written.

So it is when its file was changed by others meanwhile: what is open to be read only hears nothing of its store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Executor

from chatdoc.apps.server.room import Room
from chatdoc.apps.server.served import Served
from chatdoc.model.errors import DiskFull, DocumentClosed, ReadOnlyTarget

RETRY_S = 2.0
"""So often it is tried; neither space nor permission is asked for: a quota, a reserve or a mount decides too."""


async def wait_until_writable(
    rooms: Callable[[], Iterable[tuple[str, Room]]],
    served: Served,
    executor: Executor,
    ended: Callable[[str, Room], None],
) -> None:
    """End the rooms of such documents once that is so, and all come back to new ones; runs on and on."""
    loop = asyncio.get_running_loop()
    tried: set[Room] = set()

    async def attempt(name: str, room: Room) -> None:
        try:
            is_outdated = await loop.run_in_executor(executor, served.is_outdated, room.path)
        finally:
            tried.discard(room)
        if is_outdated and not room.is_over:
            changed = "the document was changed, or can be written again"
            room.fail(DocumentClosed(changed, hint="Come back in a moment"), [])
            ended(name, room)

    async with asyncio.TaskGroup() as attempts:
        while True:
            await asyncio.sleep(RETRY_S)
            for name, room in list(rooms()):
                if (
                    isinstance(room.why_read_only, DiskFull | ReadOnlyTarget)
                    and not room.is_over
                    and room not in tried
                ):
                    tried.add(room)
                    attempts.create_task(attempt(name, room))
