"""Presence crosses servers: who is there through one is seen through the other, and gone with his connection."""

from __future__ import annotations

from pathlib import Path

from chatdoc import open_store
from tests.apps.server.facts import message, thread
from tests.apps.server.serving import Serving
from tests.apps.server.yjs_clients import Clients
from tests.postgres_cluster import Cluster


def test_clients_of_two_servers_see_each_other(clients: Clients, postgres: Cluster, tmp_path: Path) -> None:
    """Facts and presence go both ways; who comes later sees who was there; a client that leaves is gone for all."""
    url = postgres.create_database("presence")
    with (
        open_store(url) as one,
        open_store(url) as two,
        Serving(tmp_path, database=one) as left,
        Serving(tmp_path, database=two) as right,
    ):
        clients("connect", name="ada", kind="hocuspocus", url=left.ws, path="team.chat")
        assert clients("synced", name="ada")["ok"]
        clients("facts", name="ada", list=thread())
        clients("present", name="ada", state={"user": "Ada"})
        assert clients("clean", name="ada")["ok"]
        clients("connect", name="bob", kind="y-websocket", url=right.ws, path="team.chat")
        assert clients("has", name="bob", text="the root")["ok"]
        assert clients("sees", name="bob", user="Ada")["ok"], "who was there before is not seen"
        clients("present", name="bob", state={"user": "Bob"})
        assert clients("sees", name="ada", user="Bob")["ok"]
        clients("fact", name="bob", **dict(zip(("root", "path", "text"), message(7), strict=True)))
        assert clients("has", name="ada", text="message 7")["ok"]
        clients("destroy", name="ada")
        assert clients("sees", name="bob", user="Ada", gone=True)["ok"], "who left is still there"
