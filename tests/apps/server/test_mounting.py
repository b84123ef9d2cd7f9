"""A backend mounts the rooms in five lines, and may stop whenever it likes."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from chatdoc.apps.server.event_stream import follow_events
from chatdoc.model.errors import DocumentClosed
from chatdoc.serve import Rooms


def test_rooms_are_mounted_in_an_application(tmp_path: Path) -> None:
    """Below a path of another application everything works, and pages link to where they are."""

    async def use() -> None:
        app = Starlette()
        async with Rooms(tmp_path) as rooms:
            app.mount("/chat", rooms.app())
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, verify=False, base_url="http://localhost"
            ) as http:
                command = {"type": "create_thread", "sender_id": "ada", "content": "x"}
                came = await http.post("/chat/api/documents/a.chat/commands", json=command)
                assert came.json()["ok"], came.text
                assert (await http.get("/chat/api/documents")).json() == {
                    "documents": [{"path": "a.chat", "open": True}]
                }
                page = (await http.get("/chat/debug/a.chat")).text
                assert 'href="../debug-assets/debug.css"' in page
                page = (await http.get("/chat/debug")).text
                assert 'href="./debug-assets/debug.css"' in page
                assert 'href="./debug/a.chat"' in page
                page = (await http.get("/chat/debug/sub%2Fno.chat")).text
                assert 'href="../debug-assets/debug.css"' in page
                assert (await http.get("/chat/readyz")).status_code == 200
        assert not rooms.is_ready

    asyncio.run(use())
    assert (tmp_path / "a.chat").stat().st_size


def test_a_cancelled_follower_hangs_nothing(tmp_path: Path) -> None:
    """Who follows events costs no thread while nothing happens, and `asyncio.run` ends once it is cancelled."""

    async def follow() -> None:
        async with Rooms(tmp_path) as rooms:

            async def read() -> None:
                async for _ in follow_events(rooms, "a.chat", None):
                    pass

            followers = [asyncio.create_task(read()) for _ in range(200)]
            await asyncio.sleep(1.0)
            for one in followers:
                one.cancel()
            await asyncio.gather(*followers, return_exceptions=True)

    started = time.monotonic()
    asyncio.run(follow())
    assert time.monotonic() - started < 10


def test_the_document_is_there_for_an_agent_in_the_same_process(tmp_path: Path) -> None:
    """A backend's own code calls the document in its room, in turn with everybody else."""

    async def use() -> None:
        async with Rooms(tmp_path) as rooms, rooms.use("a.chat") as room:
            made = await room.call(lambda doc: doc.create_thread(sender_id="ada", content="x"))
            found = await room.call(lambda doc: doc.threads())
            assert found == [made]

    asyncio.run(use())


def test_a_document_that_a_backend_closed_is_opened_again(tmp_path: Path) -> None:
    """`with` around a room's document is a likely mistake; it costs whoever is at it, and nobody who comes next."""

    async def use() -> list[str]:
        async with Rooms(tmp_path) as rooms:
            async with rooms.use("a.chat") as room:
                thread = await room.call(lambda doc: doc.create_thread(sender_id="ada", content="x"))
                await room.call(lambda doc: doc.close())
                with pytest.raises(DocumentClosed):
                    await room.call(lambda doc: doc.send(thread.thread_id, sender_id="ada", content="lost"))
            async with rooms.use("a.chat") as room:
                await room.call(lambda doc: doc.send(thread.thread_id, sender_id="ada", content="y"))
                return await room.call(lambda doc: [one.content for one in doc.messages(thread.thread_id)])

    assert asyncio.run(use()) == ["x", "y"]
