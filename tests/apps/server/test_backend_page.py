"""What docs/backend.md shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.tidy.source import PROJECT

PAGE = (PROJECT / "docs" / "backend.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


class Sessions:
    """Middleware that takes a header for who is logged in, over HTTP and for websockets."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        session = {"user": headers[b"x-user"].decode()} if b"x-user" in headers else {}
        await self.app({**scope, "session": session}, receive, send)


def test_every_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of the page run in order, in an empty folder, and what they assert holds."""
    (tmp_path / "chats").mkdir()
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"Sessions": Sessions}
    assert len(BLOCKS) == 6
    for block in BLOCKS:
        exec(compile(block, "docs/backend.md", "exec"), names)
    assert {one.name for one in tmp_path.rglob("*.chat")} == {"team.chat", "plan.chat", "threads.chat"}


def test_who_is_not_logged_in_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The application of the page asks its own middleware, and shows the debug page to its admins alone."""
    (tmp_path / "chats").mkdir()
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"Sessions": Sessions}
    for block in BLOCKS[:2]:
        exec(compile(block, "docs/backend.md", "exec"), names)
    with names["TestClient"](names["app"], base_url="http://chat.example.org") as client:
        assert client.get("/chat/api/documents").status_code == 401
        for user, status in (("bob", 401), ("ada", 200)):
            assert client.get("/chat/debug", headers={"X-User": user}).status_code == status
