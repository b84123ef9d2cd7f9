"""What a row says counts as what a mark says: a message that another program left queued waits, and can be queued."""

from __future__ import annotations

import json
import random
from itertools import count

import pytest

from chatdoc.document import Document
from chatdoc.in_memory import memory_document
from chatdoc.model.errors import CommandRefused
from migrate import migrate
from migrate.export import FORMATS

T, ROOT, ANSWER, NEXT = (f"{number}1000000-0000-4000-8000-00000000000{number}" for number in "1234")


def document(source: bytes) -> Document:
    """The document of a file."""
    ticks = count(1_800_000_000_000)
    return memory_document(
        clock=lambda: next(ticks), random=random.Random(1).randbytes, facts=migrate(source).facts
    )


def row(message_id: str, second: int, **fields: object) -> dict[str, object]:
    """A row of CoCalc's version 2."""
    date = f"2026-03-02T09:00:0{second}.000Z"
    said = {"author_id": "ada", "content": message_id, "date": date}
    return {"event": "chat", "sender_id": "ada", "date": date, "message_id": message_id, "thread_id": T,
            "history": [said], **({} if message_id == ROOT else {"parent_message_id": ROOT}), **fields}  # fmt: skip


RUNNING = "\n".join(
    json.dumps(one)
    for one in (
        row(ROOT, 0),
        row(ANSWER, 1, sender_id="gpt-5-codex", generating=True, acp_account_id="ada"),
        row(NEXT, 2, acp_state="queued"),
        {"event": "chat-thread-state", "thread_id": T, "state": "queued", "active_message_id": NEXT},
    )
).encode()
"""A file as CoCalc writes it while a turn runs and a message waits."""


def test_a_queued_row_waits_and_can_be_started() -> None:
    """The next turn answers it, and then it waits no longer."""
    doc = document(RUNNING)
    assert [one.message_id for one in doc.agents.queue(T)] == [NEXT]
    turn = doc.agents.start_next(T, sender_id="codex")
    assert turn is not None
    turn.append("Done.")
    turn.finalize()
    assert doc.agents.queue(T) == []
    assert doc.check(full=True).ok


def test_a_queued_row_can_be_queued_and_withdrawn() -> None:
    """Queueing it says so with a mark of its own, once; withdrawing takes what the row says back."""
    doc = document(RUNNING)
    doc.agents.queue_turn(T, message_id=NEXT)
    mark = doc.view.mark(NEXT, "acp_state")
    assert mark is not None
    doc.agents.queue_turn(T, message_id=NEXT)
    assert doc.view.mark(NEXT, "acp_state") == mark
    doc.agents.withdraw(T, NEXT)
    assert doc.agents.queue(T) == []
    assert "acp_state" not in doc.message(NEXT).extra


@pytest.mark.parametrize("name", ["v2", "cocalc", "jupyter"])
def test_a_live_queue_survives_an_export_and_its_import(name: str) -> None:
    """What waits in a document waits in the document made of its export, in the same order."""
    doc = document(RUNNING)
    for content in ("second", "third"):
        doc.agents.queue_turn(T, sender_id="ada", content=content)
    waiting = [one.message_id for one in doc.agents.queue(T)]
    assert len(waiting) == 3
    assert [one.message_id for one in document(FORMATS[name](doc.view)).agents.queue(T)] == waiting


def test_deletion_is_a_mark_and_no_field() -> None:
    """A field of the sender's own that is called `deleted` deletes nothing, so its message waits."""
    doc = document(RUNNING)
    sent = doc.send(T, sender_id="ada", content="x", fields={"acp_state": "queued"})
    assert sent.message_id in {one.message_id for one in doc.agents.queue(T)}
    doc.delete_message(sent.message_id, deleted_by="ada")
    assert sent.message_id not in {one.message_id for one in doc.agents.queue(T)}


def test_nothing_is_queued_in_a_deleted_thread() -> None:
    """The refusal says when it was deleted and how it comes back; afterwards the queue is as it was."""
    doc = document(RUNNING)
    doc.delete_thread(T, deleted_by="ada")
    with pytest.raises(CommandRefused, match=r"deleted at .* restore_thread"):
        doc.agents.queue_turn(T, sender_id="ada", content="more")
    doc.restore_thread(T, restored_by="ada")
    assert doc.agents.queue_turn(T, sender_id="ada", content="more").content == "more"
