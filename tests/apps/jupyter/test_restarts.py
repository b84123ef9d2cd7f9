"""A Jupyter server that is killed and started again duplicates nothing, whatever clients and files did meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from chatdoc import open_document, read_document
from tests.apps.jupyter.lab import Client, lab_on, wait_for
from tests.open.chats import furnish, texts


@pytest.mark.slow
@pytest.mark.parametrize("keeps_store", [True, False], ids=["with its store", "from the file"])
def test_restart_and_reconnect_duplicate_nothing(tmp_path: Path, keeps_store: bool) -> None:
    """A client comes back with what it wrote while the server was down, and another program edited the file."""
    (tmp_path / "away").mkdir()
    thread_id = furnish(tmp_path / "away" / "team.chat", "root")
    folder = tmp_path / "root"
    folder.mkdir()
    path = Path(shutil.copy(tmp_path / "away" / "team.chat", folder / "team.chat"))
    with lab_on(folder) as lab:
        client = lab.join(path.name)
        client.writer().send(thread_id, sender_id="ada", content="before")
        wait_for(lambda: "before" in texts(read_document(path)), "it is saved")
        lab.stop()
        client.leave()
        client.clock.advance(60_000)
        client.writer().send(thread_id, sender_id="ada", content="while it was down")
        with open_document(path) as document:
            document.send(thread_id, sender_id="bob", content="in the file")
        if not keeps_store:
            for one in folder.glob(".jupyter_ystore*"):
                one.unlink()
        lab.start()
        lab.join(path.name, client)
        said = ["root", "before", "in the file", "while it was down"]
        client.listen(lambda: sorted(client.messages()) == sorted(said), "the client has all of it once")
        wait_for(lambda: sorted(texts(read_document(path))) == sorted(said), "the file has all of it once")
        fresh = lab.join(path.name, Client(seed=3))
        assert fresh.text() == client.text()
        assert read_document(path).check().ok
