"""Two servers and one hot document: its owner is killed or stopped amid the commands that it carries out for the other.

Each command that was acknowledged is there once, whoever did it.
"""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import plain_http
from tests.many_servers.server_process import Server
from tests.many_servers.torture import THREADS, Torture

HOT = ("tests.many_servers.hot_server",)


@pytest.fixture
def torture() -> Iterator[Torture]:
    """Two servers with a database of their own, and eight clients that write to one document once they are started."""
    with Torture(servers=2, clients=8, documents=1, seed=11, program=HOT) as running:
        yield running


def forwarded(server: Server) -> int:
    """How many commands of its clients the owner has carried out."""
    text = plain_http.request("GET", f"http://127.0.0.1:{server.port}/metrics").text
    found = re.search(r"^chatdoc_server_forwarded_total (\S+)", text, re.MULTILINE)
    assert found is not None, text
    return round(float(found[1]))


def wait_for(what: Callable[[], bool], why: str) -> None:
    """Wait until something is so."""
    ends_at = time.monotonic() + 60
    while not what():
        assert time.monotonic() < ends_at, why
        time.sleep(0.05)


def begun(torture: Torture) -> tuple[Server, Server]:
    """Who forwards and the owner, once commands are forwarded."""
    for client in torture.clients:
        client.start()
    one, other = torture.servers
    wait_for(lambda: forwarded(one) + forwarded(other) > 40, "no command is forwarded")
    return (one, other) if forwarded(one) > forwarded(other) else (other, one)


def ended(torture: Torture) -> None:
    """Everything is as it must be, after some more commands."""
    done = sum(len(client.acknowledged) for client in torture.clients)
    wait_for(
        lambda: sum(len(client.acknowledged) for client in torture.clients) > done + 50, "nothing goes on"
    )
    for client in torture.clients:
        client.is_over.set()
    for client in torture.clients:
        client.join(60)
    assert torture.problems() == []


def test_an_owner_that_is_killed(torture: Torture) -> None:
    """Its commands are carried out by who asked for them; the server that comes in its place owns it, or does not."""
    sender, owner = begun(torture)
    for _ in range(2):
        before = forwarded(sender)
        owner.end(signal.SIGKILL)
        owner.start()
        wait_for(lambda before=before: forwarded(sender) + forwarded(owner) > before, "nothing is forwarded")  # type: ignore[misc]
    ended(torture)


def test_an_owner_that_is_stopped_and_continued(torture: Torture) -> None:
    """What it has heard of it does later, when its sender has done it; that is done once, and answered meanwhile."""
    sender, owner = begun(torture)
    [document] = torture.names
    url = f"http://127.0.0.1:{sender.port}/api/documents/{document}/commands"
    for turn in range(2):
        owner.tell(signal.SIGSTOP)
        commands = [
            {
                "type": "send", "thread_id": THREADS[document], "sender_id": "ada",
                "content": f"meanwhile {turn} {number}", "command_id": f"meanwhile-{turn}-{number}",
            }
            for number in range(3)
        ]  # fmt: skip
        with ThreadPoolExecutor(len(commands)) as at_once:
            for came in at_once.map(lambda one: plain_http.request("POST", url, json=one), commands):
                assert came.status_code == 200
        owner.tell(signal.SIGCONT)
        before = forwarded(sender)
        wait_for(lambda before=before: forwarded(sender) > before, "nothing is forwarded any more")  # type: ignore[misc]
    ended(torture)
