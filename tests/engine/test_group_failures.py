"""A failure that is no refusal undoes a group as a whole: what memory had of it is gone, and nobody hears of it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from chatdoc import Document, open_document
from chatdoc.crdt.first_update import session_client
from chatdoc.crdt.keys import encode
from chatdoc.crdt.ydoc import Replica, ReplicaBroken
from chatdoc.verify import verify_store


def broken_once(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pycrdt fail once, when what a peer destroyed is to be put back: its update is in memory by then."""
    session = type(document.engine.copy.session)
    write, left = session.write, [ReplicaBroken("planted: pycrdt failed", hint="Try again")]

    def fail(*given: Any, **named: Any) -> Any:
        if left:
            raise left.pop()
        return write(*given, **named)

    monkeypatch.setattr(session, "write", fail)


def told_by_a_peer(document: Document, number: int, *, destroys: bool) -> bytes:
    """The update of a message, which can destroy the first one of the document."""
    peer = Replica(session_client(Random(number).randbytes))
    peer.load([document.diff()])
    first = document.view.headers[document.messages(document.threads()[0].thread_id)[0].message_id]
    told = msgspec.structs.replace(first, message_id=document.engine.ids.mint(), content=f"peer {number}")
    told = msgspec.structs.replace(told, reply_to_message_id=first.message_id)
    return peer.transact([encode(told)], [encode(first)[:2]] if destroys else [])


@pytest.mark.parametrize("way", ["each", "together", "hidden"])
def test_a_failure_in_the_middle_leaves_nothing_of_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Neither in memory nor in the store, whoever hides it; nobody hears of it, and it can be repeated."""
    path = tmp_path / "team.chat"
    with open_document(path) as doc:
        thread_id = doc.create_thread(sender_id="ada", content="0").thread_id
        updates = [told_by_a_peer(doc, number, destroys=number == 1) for number in range(3)]
        heard: list[str] = []
        doc.subscribe(lambda update, origin: heard.append(origin))

        def one_by_one() -> None:
            for update in updates:
                with contextlib.suppress(*([ReplicaBroken] if way == "hidden" else [])):
                    doc.receive(update)

        def receive() -> None:
            if way == "each":
                doc.group.receive_each([(update, "peer") for update in updates])
            else:
                doc.group.together(one_by_one)

        with monkeypatch.context() as patch:
            broken_once(doc, patch)
            with pytest.raises(ReplicaBroken, match="planted"):
                receive()
        assert heard == []
        assert [one.content for one in doc.messages(thread_id)] == ["0"]
        receive()
        assert sorted(one.content for one in doc.messages(thread_id)) == ["0", "peer 0", "peer 1", "peer 2"]
        assert doc.check(full=True).ok
    with open_document(path) as doc:
        assert len(doc.messages(thread_id)) == 4
    assert verify_store(path) == []
