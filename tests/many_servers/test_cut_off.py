"""A server that is cut off from its database says so to load balancers, goes on answering, and comes back by itself."""

from __future__ import annotations

import signal
import time

import httpx
import pytest

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


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("CONNECTION LIMIT 0", "CONNECTION LIMIT -1"),
        ("SET default_transaction_read_only = on", "RESET default_transaction_read_only"),
    ],
)
def test_a_server_whose_database_refuses_it_is_not_ready(postgres: Cluster, begin: str, end: str) -> None:
    """It hears so at once, or its host says that nobody listens there: no document can be opened all the same."""
    postgres.say("DROP DATABASE IF EXISTS refusing")
    url = postgres.create_database("refusing")
    with plain_http.client(timeout=120) as http:
        server = Server("--store", url)

        def wait_until_ready(status: int) -> None:
            ends_at = time.monotonic() + 30
            while http.get(f"http://127.0.0.1:{server.port}/readyz").status_code != status:
                assert time.monotonic() < ends_at, f"it does not become {status}"
                time.sleep(0.1)

        try:
            wait_until_ready(200)
            postgres.say(f"ALTER DATABASE refusing {begin}")
            postgres.say("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'refusing'")
            wait_until_ready(503)
            postgres.say(f"ALTER DATABASE refusing {end}")
            wait_until_ready(200)
        finally:
            server.end(signal.SIGKILL)
