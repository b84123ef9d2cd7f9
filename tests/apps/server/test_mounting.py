"""A backend mounts the rooms in five lines, and may stop whenever it likes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from chatdoc.apps.server.event_stream import follow_events
from chatdoc.model.errors import CommandRefused, DocumentClosed
from chatdoc.serve import Credentials, Principal, Rooms


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
                    "documents": [{"path": "a.chat", "open": True}],
                    "unreadable": [],
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


def test_an_application_is_opened_again_and_its_test_client_leaves_nothing(tmp_path: Path) -> None:
    """Each test of an application opens it anew; a websocket that its test client drops leaves the room at once."""
    rooms = Rooms(tmp_path, allowed_hosts=["testserver"])

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with rooms:
            yield

    app = Starlette(routes=[Mount("/chat", rooms.app())], lifespan=lifespan)
    with TestClient(app) as client:
        command = {"type": "create_thread", "sender_id": "ada", "content": "x"}
        assert client.post("/chat/api/documents/a.chat/commands", json=command).status_code == 200
        for _ in range(2):
            with client.websocket_connect("/chat/sync/a.chat") as socket:
                socket.send_bytes(b"\x00\x00\x01\x00")
                assert socket.receive_bytes()[0] == 0
        [(_, room)] = rooms.open_rooms()
        assert (len(room.members), room.users, len(rooms.connections)) == (0, 0, 0)
    with TestClient(app) as client:
        assert client.get("/chat/api/documents").json() == {
            "documents": [{"path": "a.chat", "open": False}],
            "unreadable": [],
        }
    said = TestClient(app).get("/chat/api/documents/a.chat/threads")
    assert (said.status_code, said.json()["error"]["code"]) == (503, "document_closed")


def test_rooms_that_nobody_opened_say_so(tmp_path: Path) -> None:
    """A lifespan that was forgotten is no matter of waiting; the words say what helps."""
    said = TestClient(Rooms(tmp_path, allowed_hosts=["testserver"]).app()).get("/api/documents")
    assert said.status_code == 503
    assert "async with" in said.json()["error"]["message"]


def test_a_user_of_the_application_is_known_by_its_own_middleware(tmp_path: Path) -> None:
    """Whoever the application has logged in, by a session say, is the user of its chats."""

    class LogIn:
        """Middleware that has somebody logged in."""

        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await self.app({**scope, "session": {"user": "ada"}}, receive, send)

    def who(shown: Credentials) -> Principal:
        user = shown.scope["session"]["user"]
        return Principal(user_id=user, speaks_for=frozenset([user]))

    rooms = Rooms(tmp_path, authenticate=who, allowed_hosts=["testserver"])

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with rooms:
            yield

    app = Starlette(routes=[Mount("/chat", rooms.app())], lifespan=lifespan, middleware=[Middleware(LogIn)])
    with TestClient(app) as client:
        url = "/chat/api/documents/a.chat/commands"
        made = client.post(url, json={"type": "create_thread", "content": "x"}).json()
        assert made["record"]["created_by"] == "ada"
        assert client.post("/chat/debug-login", content="").json() == {"ok": True}
        with client.websocket_connect("/chat/sync/a.chat") as socket:
            socket.send_bytes(b"\x00\x00\x01\x00")
            assert socket.receive_bytes()[0] == 0


def test_a_name_alone_is_no_set_of_names(tmp_path: Path) -> None:
    """`speaks_for="ada"` would speak for `ad` as well, as letters of a word; it is refused where it is written."""
    with pytest.raises(CommandRefused, match="speaks_for"):
        Principal(user_id="ada", speaks_for="ada")  # type: ignore[arg-type]
    assert Principal(user_id="ada", speaks_for=frozenset({"ada"})).speaks_for == {"ada"}


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
