"""On a disk that is really full a closed document is served to be read, and to be written again once there is room."""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatdoc.apps.server.full_disk import RETRY_S
from chatdoc.model.errors import StoreError
from chatdoc.open import open_document, read_document
from tests.apps.server.facts import message
from tests.apps.server.serving import Serving
from tests.apps.server.test_coming_and_going import KINDS
from tests.apps.server.yjs_clients import Clients
from tests.open.chats import furnish, texts


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own with a chat that is closed, and no room for anything more."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("only root may mount a disk of a size of its own")
    try:
        furnish(place / "a.chat", "one", "two")
        _fill(place / "other")
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as other, contextlib.suppress(OSError):
        while other.write(b"x" * 4096):
            pass


def _send(served: Serving, thread_id: str) -> tuple[int, dict[str, object]]:
    command = {"type": "send", "thread_id": thread_id, "sender_id": "ada", "content": "three"}
    came = served.http.post("/api/documents/a.chat/commands", json={**command, "command_id": "c-1"})
    return came.status_code, came.json()


def test_readers_read_and_writers_are_told_until_there_is_room(disk: Path) -> None:
    """No restart is needed: the refused command is carried out when it comes again, and the log is not told empty."""
    with Serving(disk) as served:
        [thread] = served.http.get("/api/documents/a.chat/threads").json()["threads"]
        asked = {"thread": thread["thread_id"]}
        page = served.http.get("/api/documents/a.chat/messages", params=asked).json()
        assert [one["history"][0]["content"] for one in page["messages"]] == ["one", "two"]
        assert served.http.get("/api/documents/a.chat/events").status_code == 503
        shown = served.http.get("/debug/a.chat")
        assert shown.status_code == 200
        assert re.search(r"<dt>read only</dt><dd>[^<]*its disk is full", shown.text)
        status, answer = _send(served, thread["thread_id"])
        assert (status, answer["receipt"]) == (503, None)
        assert "can only be read" in str(answer["error"])
        assert "Free space on the disk" in str(answer["error"])
        (disk / "other").unlink()
        while status == 503:
            status, answer = _send(served, thread["thread_id"])
        assert status == 200, answer
        assert served.http.get("/api/documents/a.chat/events").json()["events"]
    assert texts(read_document(disk / "a.chat")) == ["one", "two", "three"]


def test_what_a_client_wrote_meanwhile_arrives_when_there_is_room(clients: Clients, disk: Path) -> None:
    """It is refused for now and reaches nobody; the client comes back by itself, and brings it."""
    with Serving(disk) as served:
        for name in ("ada", "bob"):
            clients(
                "connect", name=name, kind="y-websocket", url=served.ws, path="a.chat", protocols=["chatdoc"]
            )
            assert clients("has", name=name, text="two")["ok"], name
        root, path, text = message(1, content="brought later")
        clients("fact", name="ada", root=root, path=path, text=text)
        assert clients("refused", name="ada")["ok"]
        log = clients("logged", name="ada", kind="stateless")["log"]
        [told] = [one[1] for one in log if one[0] == "stateless" and one[1]["type"] == "update_refused"]
        assert [(one["code"], one["permanent"]) for one in told["refused"]] == [("read_only", False)]
        (disk / "other").unlink()
        assert clients("has", name="bob", text="brought later")["ok"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_open_document_refuses_changes_once_and_takes_them_when_there_is_room(
    clients: Clients, disk: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is disconnected, its readers read on, each is told once, and nobody has to do anything afterwards."""
    (disk / "other").unlink()
    with Serving(disk) as served:
        names = ("ada", "bob", "eve")
        for name in names:
            clients("connect", name=name, kind=kind, url=served.ws, path="a.chat", protocols=["chatdoc"])
            assert clients("has", name=name, text="two")["ok"], name
        rooms = [id(room) for _, room in served.do(lambda: list(served.rooms.open_rooms()))]
        _fill(disk / "other")
        for number in range(1, 6):
            for name in ("ada", "bob"):
                root, path, text = message(
                    number + 10 * (name == "bob"), content=f"{name} {number} " + "x" * 3000
                )
                clients("fact", name=name, root=root, path=path, text=text)
            time.sleep(0.2)
        for name in ("ada", "bob"):
            assert clients("refused", name=name)["ok"]
        [thread] = served.http.get("/api/documents/a.chat/threads").json()["threads"]
        assert _send(served, thread["thread_id"])[0] == 503
        assert "the disk is full" in served.http.get("/debug/a.chat").text
        time.sleep(RETRY_S + 1)  # Tried again at least once, and said no more.
        for name in names:
            log = clients("logged", name=name, kind="stateless", ms=0)["log"]
            told = [one[1] for one in log if one[0] == "stateless" and one[1]["type"] == "update_refused"]
            assert len(told) == (name != "eve"), name
            assert all(
                (one["code"], one["permanent"]) == ("read_only", False)
                for of in told
                for one in of["refused"]
            )
            assert clients("closed", name=name, ms=0)["closes"] == [], name
        assert not clients("has", name="eve", text="ada 1", ms=0)["ok"]
        assert len([one for one in caplog.messages if "cannot be stored" in one]) == 1
        (disk / "other").unlink()
        for number in range(1, 6):
            for name in ("ada", "bob"):
                assert clients("has", name="eve", text=f"{name} {number}")["ok"], (name, number)
        assert [id(room) for _, room in served.do(lambda: list(served.rooms.open_rooms()))] == rooms
        assert "the disk is full" not in served.http.get("/debug/a.chat").text
    assert len(read_document(disk / "a.chat").view.headers) == 12


def test_who_cannot_write_on_a_full_disk_keeps_nobody_from_reading(disk: Path) -> None:
    """The journal that is left behind empty is none to wait for."""
    with pytest.raises(StoreError):
        open_document(disk / "a.chat")
    assert texts(read_document(disk / "a.chat")) == ["one", "two"]
