"""A hook of a backend that answers or fails as none should lets nobody in, and is told of where the backend looks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from chatdoc.serve import Principal, Rooms

DOCUMENTS = "/api/documents"
COMMAND = {"type": "create_thread", "content": "x", "command_id": "c-1"}


def client(folder: Path, **hooks: Any) -> TestClient:
    """A client of rooms with these hooks, which sees what the server raises."""
    rooms = Rooms(folder, **hooks)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with rooms:
            yield

    app = Starlette(routes=[Mount("/", rooms.app())], lifespan=lifespan)
    return TestClient(app, base_url="http://localhost")


@pytest.mark.parametrize("found", ["", "ada", True, {"user_id": "ada"}, 0])
def test_what_is_no_principal_is_nobody(tmp_path: Path, found: object) -> None:
    """`return user and Principal(…)` gave the empty text of nobody, and nobody could read everything."""
    expected = f"a Principal or None, came {type(found).__name__}"
    with (
        client(tmp_path, authenticate=lambda shown: found) as asking,
        pytest.raises(TypeError, match=expected),
    ):
        asking.get(DOCUMENTS)


def test_a_coroutine_is_held_to_the_same(tmp_path: Path) -> None:
    """What it gives is looked at, not itself."""

    async def who(shown: object) -> Any:
        return "ada"

    with client(tmp_path, authenticate=who) as asking, pytest.raises(TypeError, match="came str"):
        asking.get(DOCUMENTS)


def test_an_error_of_allow_is_the_backends_and_no_fault_of_the_command(tmp_path: Path) -> None:
    """A TypeError in it was answered with «a field of the command has a wrong type», and logged nowhere."""

    def may(principal: Principal, fact: object) -> bool:
        return True

    ada = Principal(user_id="ada", speaks_for=frozenset({"ada"}))
    with client(tmp_path, authenticate=lambda shown: ada, allow=may) as asking:
        with pytest.raises(RuntimeError, match="allow raised TypeError"):
            asking.post(f"{DOCUMENTS}/a.chat/commands", json=COMMAND)
        assert asking.get(f"{DOCUMENTS}/a.chat/threads").json()["threads"] == []
