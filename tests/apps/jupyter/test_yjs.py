"""Real Yjs clients, as JupyterLab has them, take part in a room of a live Jupyter server."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from chatdoc import read_document
from chatdoc.crdt.keys import encode
from chatdoc.crdt.shared_doc import facts_of
from tests.apps.jupyter.lab import Client, lab_on, wait_for
from tests.apps.server.conftest import clients
from tests.apps.server.yjs_clients import Clients
from tests.open.chats import furnish, texts

__all__ = ["clients"]


def written(seen: Client, thread_id: str, *said: str) -> list[list[str]]:
    """Facts of messages, as root, path and text, for a client that spells keys itself."""
    apart = Client(seed=5)
    apart.ydoc.apply_update(seen.ydoc.get_update())
    known = {encode(fact) for fact in facts_of(seen.ydoc)}
    document = apart.writer()
    for one in said:
        document.send(thread_id, sender_id="eve", content=one)
    fresh = [entry for entry in map(encode, facts_of(apart.ydoc)) if entry not in known]
    return [[root, key[:-16], text] for root, key, text in fresh]


@pytest.mark.slow
def test_yjs_clients_keep_all_that_they_wrote_while_away(tmp_path: Path, clients: Clients) -> None:
    """One writes without a connection and comes back; another one, a client of pycrdt and the file have it once."""
    (tmp_path / "away").mkdir()
    thread_id = furnish(tmp_path / "away" / "team.chat", "root")
    folder = tmp_path / "root"
    folder.mkdir()
    path = Path(shutil.copy(tmp_path / "away" / "team.chat", folder / "team.chat"))
    with lab_on(folder) as lab:
        for name in ("one", "two"):
            url, _, room = lab.room_url(path.name).rpartition("/")
            clients("connect", name=name, kind="y-websocket", url=url, path=room)
            assert clients("synced", name=name)["ok"]
        observer = lab.join(path.name)
        clients("disconnect", name="one")
        said = [f"message {number}" for number in range(5)]
        clients("facts", name="one", list=written(observer, thread_id, *said))
        clients("reconnect", name="one")
        for one in said:
            assert clients("has", name="two", text=one)["ok"], one
        observer.listen(lambda: len(observer.messages()) == 6, "another kind of client has them")
        wait_for(lambda: sorted(texts(read_document(path))) == sorted(["root", *said]), "they are saved")
        for name in ("one", "two"):
            clients("destroy", name=name)
