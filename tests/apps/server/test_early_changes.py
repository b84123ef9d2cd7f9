"""A change that came before what it builds on waits: its sender alone is asked, and nobody is told too soon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pycrdt
from websockets.sync.client import ClientConnection, connect

from chatdoc.apps.server import wire
from chatdoc.crdt.keys import digest
from tests.apps.server.facts import message, thread
from tests.apps.server.serving import SECONDS_MAX, Serving
from tests.apps.server.test_coming_and_going import KINDS
from tests.apps.server.test_durable_answers import Disk, disk
from tests.apps.server.yjs_clients import Clients

__all__ = ["disk"]


@contextmanager
def joined(server: Serving) -> Iterator[ClientConnection]:
    """A y-websocket client that has the document, and answers nothing by itself."""
    with connect(f"{server.ws}/a.chat", max_queue=None) as made:
        made.send(wire.step_1(b"\x00"))
        wait_until_asked(made)
        yield made


def wait_until_asked(client: ClientConnection) -> None:
    """Read until a sync step 1 comes."""
    while client.recv(SECONDS_MAX)[:2] != b"\x00\x00":
        pass


def has_heard(client: ClientConnection, text: str) -> bool:
    """Whether an update with a text comes, before anything else was waited for in vain."""
    try:
        while text.encode() not in client.recv(0.3):  # type: ignore[operator]
            pass
    except TimeoutError:
        return False
    return True


def steps(*numbers: int) -> list[bytes]:
    """One client's updates, each of which builds on the one before."""
    doc, made = pycrdt.Doc[Any](), []
    for facts in (thread(), *([message(number)] for number in numbers)):
        before = doc.get_state()
        for root, path, text in facts:
            doc.get(root, type=pycrdt.Map)[path + digest(text)] = text
        made.append(doc.get_update(before))
    return made


def test_who_sent_too_early_hears_of_it_once_the_disk_has_it(serving: Serving, disk: Disk) -> None:
    """Another client brings what was missing, so the turn that takes the change is not its sender's."""
    first, second = steps(1)
    with joined(serving) as early, joined(serving) as other, joined(serving) as reader:
        early.send(wire.update(second))
        wait_until_asked(early)
        disk.may_go_on.clear()
        other.send(wire.update(first))
        assert has_heard(reader, "message 1")
        assert not has_heard(early, "message 1")
        disk.may_go_on.set()
        assert has_heard(early, "message 1")


def test_what_waits_of_one_client_says_nothing_of_anothers(
    clients: Clients, serving: Serving, disk: Disk
) -> None:
    """While a change waits for what it builds on, others' changes are taken, acknowledged, and not before the disk."""
    _, second = steps(1)
    for kind in KINDS:
        clients("connect", name=kind, kind=kind, url=serving.ws, path="a.chat")
        assert clients("synced", name=kind)["ok"]
    with joined(serving) as early, joined(serving) as writer, joined(serving) as reader:
        early.send(wire.update(second))
        wait_until_asked(early)
        other = pycrdt.Doc[Any]()
        [(root, path, text)] = [message(7)]
        other.get(root, type=pycrdt.Map)[path + digest(text)] = text
        disk.may_go_on.clear()
        writer.send(wire.update(other.get_update()))
        assert has_heard(reader, "message 7")
        assert not has_heard(writer, "message 7")
        disk.may_go_on.set()
        assert has_heard(writer, "message 7")
    root, path, text = message(8)
    clients("fact", name="hocuspocus", root=root, path=path, text=text)
    assert clients("has", name="y-websocket", text="message 8")["ok"]
    assert clients("clean", name="hocuspocus")["ok"]


def test_nobody_is_asked_again_for_what_it_does_not_have(clients: Clients, serving: Serving) -> None:
    """A client that answers each question brings the same each time: asked for it each time it would never end."""
    _, second, third = steps(1, 2)
    for kind in KINDS:
        clients("connect", name=kind, kind=kind, url=serving.ws, path="a.chat")
        assert clients("synced", name=kind)["ok"]
    with joined(serving) as early:
        early.send(wire.update(second))
        early.send(wire.update(third))
        wait_until_asked(early)
        early.send(wire.step_2(second))
        clients("facts", name="y-websocket", list=[*thread(), message(8)])
        assert clients("has", name="hocuspocus", text="message 8")["ok"]
        clients("facts", name="hocuspocus", list=[message(9)])
        assert clients("has", name="y-websocket", text="message 9")["ok"]
        before = serving.do(lambda: serving.rooms.metrics.updates._value.get())
        assert not has_heard(early, "nothing like that")
        assert serving.do(lambda: serving.rooms.metrics.updates._value.get()) - before <= 4
