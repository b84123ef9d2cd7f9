"""The text of a document in which agents worked is a fixed point: opened elsewhere and saved, it is the same bytes."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count

import pytest

from chatdoc.document import Document
from chatdoc.in_memory import memory_document
from chatdoc.model.facts import DocumentFact, Fact
from chatdoc.model.ids import derive
from migrate import migrate
from migrate.v2.write import render
from tests.migrate.v2.text.documents import view_of

MS = 1_700_000_000_000
OWN: list[Fact] = [
    DocumentFact(field="document_id", value=derive("document", MS, "one")),
    DocumentFact(field="schema_version", value=2),
]


def finish(doc: Document, thread_id: str) -> None:
    with doc.start_turn(thread_id, sender_id="codex") as turn:
        turn.append("Done.")
        turn.finalize(usage={"total_tokens": 3})


def interrupt(doc: Document, thread_id: str) -> None:
    turn = doc.start_turn(thread_id, sender_id="codex")
    turn.append("half")
    turn.interrupt()


def fail(doc: Document, thread_id: str) -> None:
    doc.start_turn(thread_id, sender_id="codex").fail("no")


def queue(doc: Document, thread_id: str) -> None:
    doc.agents.queue_turn(thread_id, sender_id="ada", content="and this?")


def run(doc: Document, thread_id: str) -> None:
    turn = doc.start_turn(thread_id, sender_id="codex")
    turn.append("half")
    turn.flush()


def queue_behind(doc: Document, thread_id: str) -> None:
    run(doc, thread_id)
    queue(doc, thread_id)


def withdraw(doc: Document, thread_id: str) -> None:
    queued = doc.agents.queue_turn(thread_id, sender_id="ada", content="and this?")
    doc.agents.withdraw(thread_id, queued.message_id)


def branch(doc: Document, thread_id: str) -> None:
    finish(doc, thread_id)
    doc.fork(thread_id, at=doc.messages(thread_id)[-1].message_id, sender_id="ada")


@pytest.mark.parametrize("work", [finish, interrupt, fail, queue, run, queue_behind, withdraw, branch])
@pytest.mark.parametrize("configured", [False, True])
def test_text_after_a_turn_is_a_fixed_point(work: Callable[[Document, str], None], configured: bool) -> None:
    """Whatever an agent did, in a thread with a config or without, the text read and written again is the same."""
    ticks = count(MS)
    doc = memory_document(clock=lambda: next(ticks), random=random.Random(3).randbytes, facts=OWN)
    begun = doc.create_thread(sender_id="ada", content="Plan?", **({"name": "Plan"} if configured else {}))
    work(doc, begun.thread_id)
    text = render(doc.view)
    made = migrate(text)
    assert made.report.anomalies == ()
    assert render(view_of(made.facts)) == text
