"""Copies of one legacy file that differ are united without a loss when they meet."""

from __future__ import annotations

import itertools
import random

from chatdoc.document import Document
from chatdoc.in_memory import memory_document
from migrate import migrate

ROOT = (
    b'{"date":"2024-05-01T10:00:00.000Z","event":"chat","history":[{"author_id":"ada","content":"root","date":'
    b'"2024-05-01T10:00:00.000Z"}],"sender_id":"ada","name":"Plan"}\n'
)
REPLY = (
    b'{"date":"2024-05-01T10:01:00.000Z","event":"chat","history":[{"author_id":"bob","content":"reply","date":'
    b'"2024-05-01T10:01:00.000Z"}],"sender_id":"bob","reply_to":"2024-05-01T10:00:00.000Z"}\n'
)


def test_a_copy_that_lost_the_root_meets_one_that_has_it() -> None:
    """One thread, one root, the reply once, the edits made before they met, and no rule broken on either side."""
    whole, torn = opened(ROOT + REPLY, 1), opened(REPLY, 2)
    (thread,) = whole.threads()
    assert [one.thread_id for one in torn.threads()] == [thread.thread_id]
    (reply,) = [one for one in torn.messages(thread.thread_id) if one.content == "reply"]
    torn.edit(reply.message_id, author_id="bob", content="edited in the torn copy")
    torn.send(thread.thread_id, sender_id="eve", content="sent to the torn copy")
    whole.edit(reply.message_id, author_id="ada", content="edited in the whole copy")
    for _ in range(3):
        whole.receive(torn.diff(whole.state_vector()))
        torn.receive(whole.diff(torn.state_vector()))
    for document in (whole, torn):
        assert document.check(full=True).violations == ()
        assert document.thread(thread.thread_id).root_message_id == thread.root_message_id
        found = [one.content for one in document.messages(thread.thread_id) if not one.assumed]
        assert found[0] == "root"
        assert "sent to the torn copy" in found
        history = {one.content for one in document.message(reply.message_id).history}
        assert history == {"reply", "edited in the torn copy", "edited in the whole copy"}
    assert whole.text() == torn.text()


def opened(source: bytes, seed: int) -> Document:
    ticks = itertools.count(1_790_000_000_000 + seed)
    facts = migrate(source).facts
    return memory_document(clock=lambda: next(ticks), random=random.Random(seed).randbytes, facts=facts)
