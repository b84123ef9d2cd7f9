"""Who was just answered shares the next turn with who waits: else both took turns, each half as large as could be."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from chatdoc.apps.server.batch import Call, Done, Job
from chatdoc.apps.server.room import Room
from chatdoc.serve import Rooms
from tests.apps.server.serving import SECONDS_MAX


def test_two_groups_of_callers_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three callers wait while a turn answers four others, who call again at once: the next turn is of seven."""
    turns: list[int] = []
    may_end = threading.Event()
    real = Room._carry_out

    def counted(room: Room, taken: list[Job], is_full: bool) -> list[Done]:
        if asked := sum(isinstance(job, Call) and not job.changes for job in taken):
            turns.append(asked)
        assert may_end.wait(SECONDS_MAX)
        return real(room, taken, is_full)

    async def call(room: Room, times: int) -> None:
        for _ in range(times):
            await room.look_up(lambda doc: doc.threads())

    async def run() -> None:
        async with Rooms(tmp_path) as rooms, rooms.use("a.chat") as room:
            await call(room, 1)  # The disk has all that was written as the document was made.
            monkeypatch.setattr(Room, "_carry_out", counted)
            first = [asyncio.create_task(call(room, 2)) for _ in range(4)]
            while not turns:
                await asyncio.sleep(0)
            others = [asyncio.create_task(call(room, 1)) for _ in range(3)]
            await asyncio.sleep(0)
            may_end.set()
            await asyncio.gather(*first, *others)

    asyncio.run(run())
    assert turns[:2] == [4, 7]
