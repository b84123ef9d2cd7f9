"""A real server for tests: rooms under uvicorn in a thread of its own, on a port of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from chatdoc.apps.server.run import listen, run
from chatdoc.document import Document
from chatdoc.serve import Rooms
from tests import plain_http

SECONDS_MAX = 60
Found = TypeVar("Found")


class Serving:
    """Serves a folder until it is left; `http` asks it, `ws` is where clients connect."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder = folder
        self._options = options
        self._stop: Callable[[], None] = lambda: None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self.rooms: Rooms
        self.loop: asyncio.AbstractEventLoop

    def _serve(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.rooms = Rooms(self.folder, **self._options)
        listening = listen("127.0.0.1", 0)
        self.port = listening.getsockname()[1]

        def on_ready(stop: Callable[[], None]) -> None:
            self._stop = stop
            self._ready.set()

        await run(self.rooms, listening, on_ready)

    @property
    def url(self) -> str:
        """Where HTTP is answered."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        """Where websockets connect."""
        return f"ws://127.0.0.1:{self.port}/sync"

    def command(self, document: str, **command: Any) -> dict[str, Any]:
        """Carry out a command over HTTP; its answer, which must be good."""
        came = self.http.post(f"/api/documents/{document}/commands", json=command)
        assert came.status_code == 200, came.text
        answer: dict[str, Any] = came.json()
        return answer

    def call(self, document: str, work: Callable[[Document], Found]) -> Found:
        """Let a document that is served do something in its turn."""

        async def running() -> Found:
            async with self.rooms.use(document) as room:
                return await room.call(work)

        return asyncio.run_coroutine_threadsafe(running(), self.loop).result(SECONDS_MAX)

    def do(self, work: Callable[[], Any]) -> Any:
        """Run a function in the server's loop."""

        async def running() -> Any:
            return work()

        return asyncio.run_coroutine_threadsafe(running(), self.loop).result(SECONDS_MAX)

    def __enter__(self) -> Serving:
        self._thread.start()
        assert self._ready.wait(SECONDS_MAX), "the server did not start"
        self.http = plain_http.client(self.url, timeout=SECONDS_MAX)
        return self

    def stop(self) -> None:
        """End it gracefully."""
        self._stop()
        self._thread.join(SECONDS_MAX)
        assert not self._thread.is_alive(), "the server did not stop"

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.stop()
