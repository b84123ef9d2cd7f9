"""Which documents there are: the files that can be opened, and what somebody who may write began."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from urllib.parse import quote

import pytest

from chatdoc.open import open_document
from chatdoc.serve import Principal
from tests.apps.server.serving import Serving
from tests.apps.server.yjs_clients import Clients
from tests.closed_folder import close_below


def test_the_list_has_the_files_that_can_be_opened(
    serving: Serving, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file whose name no address spells, a folder, a pipe or a link that leads out takes no other along."""
    (serving.folder / "sub.chat").mkdir()
    for name in ("a.chat", "sub.chat/ü %2F.sage-chat", ".hidden.chat", "b.txt"):
        (serving.folder / name).touch()
    (serving.folder / "same.chat").symlink_to("a.chat")
    (serving.folder / "out.chat").symlink_to(tmp_path_factory.mktemp("outside"))
    (serving.folder / "gone.chat").symlink_to("nowhere.chat")
    (serving.folder / "loop.chat").symlink_to("loop.chat")
    os.mkfifo(serving.folder / "pipe.chat")
    Path(os.fsdecode(os.fsencode(serving.folder) + b"/bad\xff.chat")).touch()
    assert serving.http.get("/debug").status_code == 200
    found = [one["path"] for one in serving.http.get("/api/documents").json()["documents"]]
    assert found == ["a.chat", "same.chat", "sub.chat/ü %2F.sage-chat"]
    for name in found:
        assert serving.http.get(f"/api/documents/{quote(name)}/threads").json()["threads"] == []


def test_a_folder_that_cannot_be_read_is_named_in_every_list(serving: Serving) -> None:
    """By its path below the folder alone, whatever that is made of: a list that is not whole looks like one that is."""
    (serving.folder / "a.chat").touch()
    odd = Path(os.fsdecode(os.fsencode(serving.folder) + b"/<b>\xff\x1b"))
    odd.mkdir()
    close_below(odd)
    answer = serving.http.get("/api/documents").json()
    assert [one["path"] for one in answer["documents"]] == ["a.chat"]
    [closed] = answer["unreadable"]
    assert closed["path"].startswith("<b>\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}/ddd")
    assert len(closed["path"]) < 300
    assert closed["reason"] == os.strerror(errno.ENAMETOOLONG)
    page = serving.http.get("/debug").text
    assert "Folders that could not be read" in page
    assert "&lt;b&gt;\N{REPLACEMENT CHARACTER}" in page
    for told in (str(answer), page):
        assert str(serving.folder) not in told
    shutil.rmtree(odd)
    assert serving.http.get("/api/documents").json()["unreadable"] == []
    assert "could not be read" not in serving.http.get("/debug").text


def test_the_served_folder_itself_is_named_where_it_is_gone(serving: Serving) -> None:
    """It is no folder that was removed while it was walked."""
    serving.folder.rename(serving.folder.with_name("elsewhere"))
    try:
        answer = serving.http.get("/api/documents").json()
        assert answer == {
            "documents": [],
            "unreadable": [{"path": ".", "reason": os.strerror(errno.ENOENT)}],
        }
    finally:
        serving.folder.with_name("elsewhere").rename(serving.folder)


def test_whoever_only_looks_leaves_nothing_behind(tmp_path: Path, clients: Clients) -> None:
    """A name that is not there is not found, for readers, for questions and for commands that are refused."""
    users = {"w": Principal(user_id="ada"), "r": Principal(user_id="eve", read_only=True)}
    with Serving(tmp_path, authenticate=lambda shown: users.get(shown.token or "")) as serving:
        writes, reads = ({"Authorization": f"Bearer {token}"} for token in users)
        for path in ("threads", "messages?thread=t", "events", "integrity"):
            for accept in ("application/json", "text/event-stream"):
                came = serving.http.get(f"/api/documents/a.chat/{path}", headers={**writes, "Accept": accept})
                assert (came.status_code, came.json()["error"]["code"]) == (404, "not_found")
        assert serving.http.get("/debug/a.chat", headers=writes).status_code == 404
        for headers, command, status in (
            (reads, {"type": "create_thread", "content": "x"}, 403),
            (writes, {"type": "fly"}, 400),
        ):
            came = serving.http.post("/api/documents/a.chat/commands", json=command, headers=headers)
            assert came.status_code == status
        clients(
            "connect",
            name="eve",
            kind="y-websocket",
            url=serving.ws,
            path="a.chat",
            protocols=["chatdoc", "bearer.r"],
        )
        assert clients("closed", name="eve")["closes"][0] == 4404
        assert list(tmp_path.iterdir()) == []
        clients(
            "connect",
            name="ada",
            kind="y-websocket",
            url=serving.ws,
            path="a.chat",
            protocols=["chatdoc", "bearer.w"],
        )
        assert clients("synced", name="ada")["ok"]
        assert serving.http.get("/api/documents/a.chat/threads", headers=reads).json()["threads"] == []


def test_a_document_whose_text_was_not_written_yet_is_there(tmp_path: Path) -> None:
    """The store of one that a killed server made is found by whoever reads."""
    with open_document(tmp_path / "a.chat") as doc:
        doc.create_thread(sender_id="ada", content="Hello")
        copy = shutil.copytree(tmp_path, tmp_path.parent / f"{tmp_path.name}-killed")
    assert not (copy / "a.chat").exists()
    with Serving(copy) as serving:
        [thread] = serving.http.get("/api/documents/a.chat/threads").json()["threads"]
        assert thread["messages"] == 1
