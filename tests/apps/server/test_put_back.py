"""A server whose database is put back to an older state opens its documents again, and clients bring what they have."""

from __future__ import annotations

from pathlib import Path

from chatdoc import open_store
from tests.apps.server.facts import message, thread
from tests.apps.server.serving import Serving
from tests.apps.server.yjs_clients import Clients
from tests.postgres_cluster import cluster


def test_what_a_client_still_has_comes_back(clients: Clients, tmp_path: Path) -> None:
    """The room lets go of what is not stored any more; its client comes back by itself, with what was lost."""
    with cluster() as server:
        url = server.create_database("chats")
        with open_store(url) as database, Serving(tmp_path, database=database) as serving:
            clients("connect", name="ada", kind="hocuspocus", url=serving.ws, path="team.chat")
            assert clients("synced", name="ada")["ok"]
            clients("facts", name="ada", list=thread())
            assert clients("clean", name="ada")["ok"]
            server.back_up()
            clients("fact", name="ada", **dict(zip(("root", "path", "text"), message(7), strict=True)))
            assert clients("clean", name="ada")["ok"]
            server.put_back()
            with open_store(url) as other, other.open("team.chat") as doc:
                [found] = doc.threads()
                assert "message 7" not in [one.content for one in doc.messages(found.thread_id)]
                doc.send(found.thread_id, sender_id="bob", content="from another server")
                assert clients("has", name="ada", text="from another server")["ok"]
                clients("fact", name="ada", **dict(zip(("root", "path", "text"), message(8), strict=True)))
                assert clients("clean", name="ada")["ok"]
                said = [one.content for one in doc.messages(found.thread_id)]
                assert {"message 7", "message 8", "from another server"} <= set(said)
                assert doc.check(full=True).ok
                assert doc.engine.store.verify() == []
