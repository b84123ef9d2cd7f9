"""A server that is cut off from its database says so to load balancers, goes on answering, and comes back by itself."""

from __future__ import annotations

import signal
import time

import httpx

from chatdoc import open_document
from tests import plain_http
from tests.many_servers.link import Link
from tests.many_servers.server_process import Server
from tests.postgres_cluster import Cluster


def test_a_server_that_is_cut_off_is_not_ready_and_does_each_command_once(postgres: Cluster) -> None:
    """Who asks it meanwhile hears what to do in time, and repeats the command with its id afterwards."""
    url = postgres.create_database("cut_off")
    with open_document(f"{url}#a.chat") as doc:
        thread = doc.create_thread(sender_id="ada", content="Hello").thread_id
    with Link([postgres.folder]) as link, plain_http.client(timeout=120) as http:
        server = Server("--store", f"postgresql://chatdoc@/cut_off?host={link.folders[0]}")
        base = f"http://127.0.0.1:{server.port}"

        def send(content: str) -> httpx.Response:
            command = {
                "type": "send", "thread_id": thread, "sender_id": "ada", "content": content, "command_id": content,
            }  # fmt: skip
            return http.post(f"{base}/api/documents/a.chat/commands", json=command)

        def wait_until_ready(status: int) -> None:
            ends_at = time.monotonic() + 60
            while http.get(f"{base}/readyz").status_code != status:
                assert time.monotonic() < ends_at, f"it does not become {status}"
                time.sleep(0.1)

        try:
            assert send("one").status_code == 200
            assert http.get(f"{base}/readyz").status_code == 200
            link.hold()
            wait_until_ready(503)
            assert http.get(f"{base}/healthz").status_code == 200
            refused = send("two")
            assert refused.status_code == 503
            assert "could not be reached" in refused.text
            link.let_go()
            wait_until_ready(200)
            for _ in range(2):
                assert send("two").status_code == 200
        finally:
            server.end(signal.SIGKILL)
    with open_document(f"{url}#a.chat") as doc:
        assert [one.content for one in doc.messages(thread)] == ["Hello", "one", "two"]
