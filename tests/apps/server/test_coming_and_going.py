"""Clients come while a document is opened or closed, and go while it is: what other servers were found to get wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from chatdoc.document import Document
from chatdoc.open import open_document
from chatdoc.serve import Limits
from tests.apps.server.facts import message, thread
from tests.apps.server.serving import SECONDS_MAX, Serving
from tests.apps.server.yjs_clients import Clients

KINDS = ("y-websocket", "hocuspocus")


class Slow:
    """What takes long, as opening and closing do with a large text: it has begun, and ends once it may."""

    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self.may_end = threading.Event()

    def take_long(self) -> None:
        """Begin, and wait for the end."""
        self.has_begun.set()
        assert self.may_end.wait(SECONDS_MAX)


def closing_slowly(closing: Slow) -> Callable[..., Document]:
    """Opens documents that take long to close."""

    class SlowDocument(Document):
        def close(self) -> None:
            closing.take_long()
            super().close()

    def opener(path: Path, *, create: bool) -> Document:
        document = open_document(path, create=create)
        document.__class__ = SlowDocument
        return document

    return opener


def until(holds: Callable[[], bool]) -> bool:
    """Whether something comes to hold."""
    end = time.monotonic() + SECONDS_MAX
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


def rooms_of(serving: Serving) -> int:
    """How many documents are open."""
    found: int = serving.do(lambda: len(list(serving.rooms.open_rooms())))
    return found


def clients_of(serving: Serving) -> int:
    """How many clients are connected."""
    found: int = serving.do(lambda: len(serving.rooms.connections))
    return found


def has_failed(serving: Serving) -> bool:
    """Whether a document that is open has failed, or is open no more."""
    return all(room.failure is not None for _, room in serving.do(lambda: list(serving.rooms.open_rooms())))


@pytest.mark.parametrize("kind", KINDS)
def test_who_comes_while_the_document_is_closed_waits_and_gets_it(
    clients: Clients, tmp_path: Path, kind: str
) -> None:
    """The document is opened again after it was saved, and what was written before and after is all there."""
    closing = Slow()

    with Serving(tmp_path, opener=closing_slowly(closing), limits=Limits(idle_close_s=0.1)) as serving:
        clients("connect", name="ada", kind=kind, url=serving.ws, path="a.chat")
        assert clients("synced", name="ada")["ok"]
        clients("facts", name="ada", list=[*thread(), message(1)])
        assert until(lambda: serving.call("a.chat", lambda doc: len(doc.view.headers)) == 2)
        clients("destroy", name="ada")
        assert closing.has_begun.wait(SECONDS_MAX)
        assert until(lambda: clients_of(serving) == 0)
        clients("connect", name="bob", kind=kind, url=serving.ws, path="a.chat")
        assert until(lambda: clients_of(serving) == 1)
        closing.may_end.set()
        assert clients("has", name="bob", text="message 1")["ok"]
        clients("facts", name="bob", list=[message(2)])
        clients("connect", name="eve", kind=kind, url=serving.ws, path="a.chat")
        assert clients("has", name="eve", text="message 2")["ok"]
    with open_document(tmp_path / "a.chat") as doc:
        assert len(doc.view.headers) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_who_goes_while_the_document_is_opened_leaves_nothing_behind(
    clients: Clients, tmp_path: Path, kind: str
) -> None:
    """The document is closed again when nobody is left, and the next one gets it as if nothing had been."""
    opening = Slow()

    def opener(path: Path, *, create: bool) -> Document:
        opening.take_long()
        return open_document(path, create=create)

    with Serving(tmp_path, opener=opener, limits=Limits(idle_close_s=0.1)) as serving:
        clients("connect", name="ada", kind=kind, url=serving.ws, path="a.chat")
        assert opening.has_begun.wait(SECONDS_MAX)
        clients("destroy", name="ada")
        opening.may_end.set()
        assert until(lambda: clients_of(serving) == 0 and rooms_of(serving) == 0)
        clients("connect", name="bob", kind=kind, url=serving.ws, path="a.chat")
        assert clients("synced", name="bob")["ok"]
        clients("facts", name="bob", list=[*thread(), message(1)])
        assert until(lambda: serving.call("a.chat", lambda doc: len(doc.view.headers)) == 2)


def test_coming_and_going_without_end_loses_nothing(clients: Clients, tmp_path: Path) -> None:
    """Each writes something and goes, at every moment of opening, saving and closing."""
    with Serving(tmp_path, limits=Limits(idle_close_s=0.05, autosave_s=0.05)) as serving:
        for number in range(12):
            name = f"c{number}"
            clients("connect", name=name, kind=KINDS[number % 2], url=serving.ws, path="a.chat")
            assert clients("synced", name=name)["ok"], name
            facts = [*thread(), message(number)] if number == 0 else [message(number)]
            clients("facts", name=name, list=facts)
            assert until(
                lambda number=number: serving.call("a.chat", lambda doc: len(doc.view.headers)) == number + 2  # type: ignore[misc]
            )
            clients("destroy", name=name)
            time.sleep(0.03 * number)
    with open_document(tmp_path / "a.chat") as doc:
        assert len(doc.view.headers) == 13
        assert doc.check(full=True).ok


@pytest.mark.parametrize("asks", ["a command", "a listener"])
def test_a_document_that_was_retired_is_opened_again_for_whoever_comes_next(
    tmp_path: Path, serving: Serving, clients: Clients, asks: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever meets it first is refused; nobody is kept with a document that takes nothing any more."""
    serving.command("a.chat", type="create_thread", sender_id="ada", content="Hello")
    if asks == "a listener":
        clients("connect", name="ada", kind="y-websocket", url=serving.ws, path="a.chat")
        assert clients("synced", name="ada")["ok"]
    with open_document(tmp_path / "a.chat") as other:
        store = other.engine.store
        said = store.registry.registration()
        for retired_at_ms in (1, None):
            now = msgspec.structs.replace(said, retired_at_ms=retired_at_ms)
            store.write(lambda unit, now=now: unit.put_registration(now))
            if retired_at_ms and asks == "a command":
                command = {"type": "create_thread", "sender_id": "ada", "content": "late"}
                came = serving.http.post("/api/documents/a.chat/commands", json=command)
                # Unless the room's own watcher met it first: then the document was opened anew for the command.
                if came.status_code != 200:
                    assert (came.status_code, came.json()["error"]["code"]) == (503, "document_failed")
                assert "a room failed (DocumentFailed)" in caplog.text
            elif retired_at_ms:
                assert until(lambda: has_failed(serving)), "the client that listens is asked to come back"
    serving.command("a.chat", type="create_thread", sender_id="ada", content="again")


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_whose_store_was_taken_away_begins_anew_from_its_text(
    clients: Clients, serving: Serving, kind: str
) -> None:
    """Its clients bring what they have, commands are taken again, and no page hides the other documents meanwhile."""
    made = serving.command("a.chat", type="create_thread", sender_id="ada", content="Hello")["record"]
    serving.command("b.chat", type="create_thread", sender_id="ada", content="Hello")
    clients("connect", name="ada", kind=kind, url=serving.ws, path="a.chat")
    assert clients("has", name="ada", text="Hello")["ok"]
    file = serving.folder / "a.chat"
    assert until(lambda: file.exists() and "Hello" in file.read_text())
    store = serving.call("a.chat", lambda doc: doc.store_path)
    assert store is not None
    for name in (store.name, f"{store.name}-wal", f"{store.name}-shm"):
        (store.parent / name).unlink(missing_ok=True)
    for page in ("/metrics", "/debug"):
        assert serving.http.get(page).status_code == 200, page
    command = {"type": "send", "thread_id": made["thread_id"], "sender_id": "ada", "content": "again"}
    assert until(
        lambda: (
            serving.http.post(
                "/api/documents/a.chat/commands", json={**command, "command_id": "c"}
            ).is_success
        )
    )
    assert clients("has", name="ada", text="again")["ok"]
