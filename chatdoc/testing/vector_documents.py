"""Whole documents for the test vectors, each as the updates that made it, one situation a document."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from chatdoc.crdt.keys import digest
from chatdoc.crdt.ydoc import update_of
from chatdoc.document import Document
from chatdoc.in_memory import memory_document
from chatdoc.model.facts import DocumentFact, Fact
from chatdoc.model.ids import derive
from chatdoc.testing.clocks import ManualClock
from chatdoc.testing.legacy import drifted, legacy_file, legacy_rows
from chatdoc.testing.oracle import Oracle
from chatdoc.testing.vector_facts import DATE, MESSAGE
from chatdoc.testing.writer import Writer
from migrate import migrate


class Made(NamedTuple):
    """A document, and every update it took in or gave out since it began, the first one whole."""

    document: Document
    updates: list[bytes]
    clock: ManualClock


def begin(seed: int, facts: list[Fact] | None = None) -> Made:
    """A document in memory that begins with these facts, with an id as opened files have one."""
    clock = ManualClock()
    own: list[Fact] = [
        DocumentFact(field="document_id", value=derive("document", clock(), str(seed))),
        DocumentFact(field="schema_version", value=2),
    ]
    document = memory_document(
        clock=clock, random=Random(seed).randbytes, facts=own if facts is None else facts
    )
    updates = [document.diff()]
    document.subscribe(lambda update, origin: updates.append(update))
    return Made(document, updates, clock)


def conversation() -> Made:
    """Threads, replies, an edit, and people whose names lie beyond the basic plane."""
    made = begin(1)
    document, _, clock = made
    thread = document.create_thread(sender_id="ada", content="Hello", name="Plan", pin=True)
    clock.advance(5)
    first = document.send(
        thread.thread_id, sender_id="bob", content="Hi 😀", fields={"note": {"\uffff": 1, "😀": 1.0}}
    )
    document.send(thread.thread_id, sender_id="\U0001f600", content="same moment", reply_to=first.message_id)
    document.send(thread.thread_id, sender_id="\uffff", content="same moment")
    clock.advance(-1000)
    document.edit(first.message_id, author_id="ada", content="Hi!")
    document.edit(first.message_id, author_id="bob", content="Hi!!")
    fork = document.fork(thread.thread_id, at=first.message_id, sender_id="ada")
    document.send(fork.thread_id, sender_id="ada", content="")
    return made


def crossing_edits() -> Made:
    """Two replicas edit and configure the same things before they meet."""
    made, other = begin(2), begin(3, [])
    thread = made.document.create_thread(
        sender_id="ada", content="Hello", acp_config={"model": "gpt", "a.b": 1}
    )
    other.document.receive(made.document.diff())
    for one, name in ((made, "ada"), (other, "bob")):
        one.document.edit(thread.root_message_id, author_id=name, content=f"{name} says")
        one.document.configure(
            thread.thread_id, updated_by=name, name=name, acp_config={"mode": name}, fields={"colour": 1.0}
        )
        one.document.configure(
            thread.thread_id, updated_by=name, acp_config={"model": None}, pin=False, fields={"colour": 1}
        )
        one.document.configure(
            thread.thread_id, updated_by=name, thread_icon=name, acp_config={"x/y%z": [True, {}]}
        )
    made.document.receive(other.document.diff(made.document.state_vector()))
    return made


def deletions() -> Made:
    """Messages and threads that were deleted, restored, and deleted again."""
    made = begin(4)
    document, _, clock = made
    for number in range(3):
        thread = document.create_thread(sender_id="ada", content=f"thread {number}")
        message = document.send(thread.thread_id, sender_id="bob", content="gone")
        document.delete_message(message.message_id, deleted_by="ada")
        document.delete_thread(thread.thread_id, deleted_by="ada")
        clock.advance(1)
        if number:
            document.restore_message(message.message_id, restored_by="bob")
            document.restore_thread(thread.thread_id, restored_by="bob")
        if number == 2:
            document.delete_message(message.message_id, deleted_by="bob")
    return made


def turns() -> Made:
    """A turn that streams, and others that were finished, interrupted and failed."""
    made = begin(5)
    document, _, clock = made
    for how in ("streams", "finished", "interrupted", "failed"):
        thread = document.create_thread(sender_id="ada", content=how)
        turn = document.start_turn(thread.thread_id, sender_id="codex", answers=thread.root_message_id)
        for piece in ("One ", "two 😀 ", "three"):
            clock.advance(1000)
            turn.append(piece)
            turn.flush()
        if how == "finished":
            turn.finalize(usage={"input_tokens": 3, "cost": 0.5})
        elif how == "interrupted":
            turn.interrupt(by="ada")
        elif how == "failed":
            turn.fail("no more")
    return made


def queue() -> Made:
    """Messages that wait for an agent: in order, sent ahead, withdrawn and deleted."""
    made = begin(6)
    document, _, clock = made
    thread = document.create_thread(sender_id="ada", content="go").thread_id
    waiting = []
    for number in range(6):
        clock.advance(10)
        waiting.append(
            document.agents.queue_turn(thread, sender_id="ada", content=f"number {number}").message_id
        )
    document.agents.send_now(thread, waiting[3])
    document.agents.send_now(thread, waiting[4], by="bob")
    document.agents.withdraw(thread, waiting[1])
    document.delete_message(waiting[0], deleted_by="ada")
    return made


def copies() -> Made:
    """Two copies of one old file that drifted apart, migrated apart, edited, and met: variants of messages."""
    random = Random(4)
    rows = legacy_rows(random, 14)
    made, other = (
        begin(seed, list(migrate(legacy_file(random, copy)).facts))
        for seed, copy in ((7, rows), (8, drifted(random, drifted(random, rows))))
    )
    for one in (made, other):
        for thread in one.document.threads()[:2]:
            one.document.edit(thread.root_message_id, author_id="ada", content="after the migration")
    made.document.receive(other.document.diff())
    return made


def strangers() -> Made:
    """Facts that other software wrote in its own spelling, some that are none, and some that came too early."""
    made = begin(9)
    thread = made.document.create_thread(sender_id="ada", content="Hello")
    root = thread.root_message_id
    stamp = derive("stamp", made.clock() + 5, "x")
    entries = []
    for root_map, path, text in (
        ("revision", f"{root}/{stamp}/", _revision(root, stamp, "spaced", '"extra": [1], ')),
        ("revision", f"{root}/{stamp}/", _revision(root, stamp, "spaced", "")),
        ("revision", f"{root}/{stamp}/", _revision(root, stamp, "other", "")),
        ("live", f"{MESSAGE}/0000000003/", f'{{"message_id": "{MESSAGE}", "seq": 3, "text": "early"}}'),
        ("setting", f"{thread.thread_id}/pin/{stamp}/", _setting(thread.thread_id, "pin", stamp, '"yes"')),
        (
            "setting",
            f"{thread.thread_id}/deleted/{stamp}/",
            _setting(thread.thread_id, "deleted", stamp, "1"),
        ),
        ("setting", f"{thread.thread_id}/n/{stamp}/", _setting(thread.thread_id, "n", stamp, "1")),
        ("setting", f"{thread.thread_id}/n/{stamp}/", _setting(thread.thread_id, "n", stamp, "1.0")),
        ("document", "a/", '{"field":"a","value":1}'),
        ("document", "a/", '{"field":"a","value":1.0}'),
        ("document", "a/", '{"field": "a", "value": true}'),
        ("document", "b/", '{"field":"b"}'),
    ):
        entries.append((root_map, path + digest(text), text))
    made.document.receive(update_of(77, 0, entries))
    made.updates.append(update_of(77, 0, entries))
    return made


def _revision(message_id: str, stamp: str, content: str, more: str) -> str:
    return (
        f'{{{more}"message_id": "{message_id}", "revision_id": "{stamp}", "author_id": "eve",'
        f' "content": "{content}", "date": "{DATE}"}}'
    )


def _setting(thread_id: str, field: str, stamp: str, value: str) -> str:
    return f'{{"thread_id":"{thread_id}","field":"{field}","stamp":"{stamp}","value":{value},"by":"eve"}}'


def at_random(seed: int, steps: int = 60) -> Made:
    """So many commands of any kind."""
    made = begin(seed)
    random = Random(seed)
    writer = Writer(random, Oracle())
    for _ in range(steps):
        made.clock.advance(random.randrange(-50, 1000))
        writer.act(made.document)
    return made


DOCUMENTS: dict[str, Callable[[], Made]] = {
    "conversation": conversation,
    "crossing edits": crossing_edits,
    "deletions": deletions,
    "turns": turns,
    "queue": queue,
    "copies": copies,
    "strangers": strangers,
    "at random": lambda: at_random(10),
}
