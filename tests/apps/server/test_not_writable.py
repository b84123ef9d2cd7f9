"""A document that may not be written is served to be read, and can be written again as soon as that is allowed."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from chatdoc.apps.server.document_access import why_read_only
from chatdoc.apps.server.served import Served
from chatdoc.open import open_document, read_document
from tests.apps.server.serving import SECONDS_MAX, Serving
from tests.apps.server.yjs_clients import Clients
from tests.open.chats import furnish, jupyter, legacy, texts

NOT_WRITABLE = {"its file": 0o444, "its folder": 0o555}


def forbid(path: Path, what: str) -> Path:
    """Take the permission to write away from a file, or from its folder; what it was taken from."""
    place = path if what == "its file" else path.parent
    place.chmod(NOT_WRITABLE[what])
    return place


def send(served: Serving, thread_id: str) -> tuple[int, str]:
    """Give a command."""
    command = {
        "type": "send",
        "thread_id": thread_id,
        "sender_id": "ada",
        "content": "three",
        "command_id": "c",
    }
    came = served.http.post("/api/documents/a.chat/commands", json=command)
    return came.status_code, came.text


@pytest.mark.parametrize("what", sorted(NOT_WRITABLE))
def test_it_is_read_and_written_again_without_a_restart(
    tmp_path: Path, clients: Clients, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Readers see it, by HTTP and as Y document; a command is told why, and is carried out once it may be."""
    folder = tmp_path / "chats"
    folder.mkdir()
    furnish(folder / "a.chat", "one", "two")
    place = forbid(folder / "a.chat", what)
    try:
        with Serving(folder) as served:
            assert served.http.get("/readyz").status_code == 200
            [thread] = served.http.get("/api/documents/a.chat/threads").json()["threads"]
            clients("connect", name="ada", kind="y-websocket", url=served.ws, path="a.chat")
            assert clients("has", name="ada", text="two")["ok"]
            assert "may not be written" in served.http.get("/debug/a.chat").text
            status, told = send(served, thread["thread_id"])
            assert status in (409, 503), told
            assert "its folder or its store may not be written" in told
            place.chmod(0o755)
            ends = time.monotonic() + SECONDS_MAX
            while status != 200 and time.monotonic() < ends:
                status, told = send(served, thread["thread_id"])
            assert status == 200, told
            assert clients("has", name="ada", text="three")["ok"]
    finally:
        place.chmod(0o755)
    assert "a room failed" not in caplog.text, "nothing went wrong"
    assert texts(read_document(folder / "a.chat")) == ["one", "two", "three"]


def test_an_old_file_without_a_store_is_read_too(tmp_path: Path) -> None:
    """It is shown as what it would be migrated to, and nothing is written beside it."""
    folder = tmp_path / "chats"
    folder.mkdir()
    (folder / "a.chat").write_bytes(legacy("ada", "one"))
    folder.chmod(0o555)
    try:
        with Serving(folder) as served:
            assert served.http.get("/api/documents/a.chat/threads").json()["threads"]
        assert [one.name for one in folder.iterdir()] == ["a.chat"]
    finally:
        folder.chmod(0o755)


def test_a_copy_of_a_folder_is_read_by_its_text_where_the_store_says_the_same(tmp_path: Path) -> None:
    """Copied to a medium that may not be written a file has another number; its bytes say that nobody changed it."""
    folder = tmp_path / "chats"
    folder.mkdir()
    furnish(folder / "a.chat", "one", "two")
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    copy.chmod(0o555)
    try:
        with Serving(copy) as served, open_document(folder / "a.chat") as document:
            [thread] = served.http.get("/api/documents/a.chat/threads").json()["threads"]
            assert thread["thread_id"] == document.threads()[0].thread_id
    finally:
        copy.chmod(0o755)


def test_what_others_write_to_its_file_is_seen(tmp_path: Path, clients: Clients) -> None:
    """As on a medium that another machine may write: who was connected saw what it had said once, for ever."""
    folder = tmp_path / "chats"
    folder.mkdir()
    file = folder / "a.chat"
    file.write_bytes(legacy("ada", "one"))
    folder.chmod(0o555)
    try:
        with Serving(folder) as served:
            clients("connect", name="ada", kind="y-websocket", url=served.ws, path="a.chat")
            assert clients("has", name="ada", text="one")["ok"]
            file.write_bytes(file.read_bytes() + legacy("bob", "two", "2024-03-02T10:00:00.000Z"))
            assert clients("has", name="ada", text="two")["ok"]
    finally:
        folder.chmod(0o755)


def test_what_jupyter_writes_to_a_chat_of_its_own_is_seen(tmp_path: Path, clients: Clients) -> None:
    """Such a chat is only read here as long as nobody has it converted, and goes on being written there."""
    file = tmp_path / "a.chat"
    file.write_bytes(jupyter("0c7c5a3e", "one"))
    with Serving(tmp_path) as served:
        clients("connect", name="ada", kind="y-websocket", url=served.ws, path="a.chat")
        assert clients("has", name="ada", text="one")["ok"]
        file.write_bytes(jupyter("0c7c5a3e", "one", "two"))
        assert clients("has", name="ada", text="two")["ok"]
    assert [one.name for one in tmp_path.iterdir()] == ["a.chat"]


def test_a_retry_reads_and_migrates_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is tried every two seconds; an old file of some megabytes took a processor for half of that."""
    file = tmp_path / "chats" / "a.chat"
    file.parent.mkdir()
    file.write_bytes(legacy("ada", "one"))
    file.parent.chmod(0o555)
    try:
        served = Served(file.parent, None, open_document, create=True)
        doc, _ = served.open("a.chat", file, lambda: None)
        reason = why_read_only(doc)
        assert reason is not None
        doc.close()
        monkeypatch.setattr("chatdoc.open.upgrade", lambda _: pytest.fail("it was migrated"))
        assert not served.is_outdated(file, reason)
        monkeypatch.undo()
        file.parent.chmod(0o755)
        away = file.rename(file.parent.parent / "a.chat")
        file.parent.chmod(0o555)
        assert not served.is_outdated(file, reason), "its disk is away, and it is read all the same"
        file.parent.chmod(0o755)
        away.rename(file)
        assert served.is_outdated(file, reason)
    finally:
        file.parent.chmod(0o755)
