"""Facts stand in one order, each once, whatever order they came in."""

from __future__ import annotations

import random

from chatdoc.model.facts import DocumentFact, Fact, Header, RevisionFact, SettingFact, StateFact, ThreadFact
from chatdoc.model.ids import MessageId, RevisionId, Stamp, ThreadId, derive
from chatdoc.model.records.attic import AtticRow
from migrate.order import in_order

THREAD, ROOT, REPLY = (
    ThreadId(derive("thread", 1)),
    MessageId(derive("message", 1)),
    MessageId(derive("message", 2)),
)
DATE, LATER = "2024-05-01T10:00:00.000Z", "2024-05-01T10:00:01.000Z"
FACTS: list[Fact] = [
    DocumentFact(field="a", value=1),
    DocumentFact(field="a", value=True),
    DocumentFact(field="b", value=1),
    ThreadFact(thread_id=THREAD, created_at=DATE, created_by="ada", root_message_id=ROOT),
    SettingFact(thread_id=THREAD, field="name", stamp=Stamp(derive("s", 1)), value="x", by=""),
    SettingFact(thread_id=THREAD, field="name", stamp=Stamp(derive("s", 1)), value="y", by=""),
    StateFact(thread_id=THREAD, stamp=Stamp(derive("s", 1)), state="idle", updated_at=DATE),
    Header(message_id=ROOT, thread_id=THREAD, sender_id="ada", date=DATE, content="one"),
    Header(message_id=ROOT, thread_id=THREAD, sender_id="ada", date=DATE, content="two"),
    Header(message_id=REPLY, thread_id=THREAD, sender_id="ada", date=LATER, reply_to_message_id=ROOT),
    RevisionFact(
        message_id=ROOT, revision_id=RevisionId(derive("r", 9)), author_id="", content="", date=LATER
    ),
    AtticRow(kind="line", reason="no JSON", text="{"),
    AtticRow(kind="row", reason="x", text="{"),
    AtticRow(kind="row", reason="x", text="{}"),
]


def test_any_order_gives_one_order() -> None:
    """By kind, by what they are about, by their text; 1 and true are two values."""
    dice = random.Random(5)
    for _ in range(20):
        shuffled = [*FACTS, *dice.sample(FACTS, 5)]
        dice.shuffle(shuffled)
        assert list(map(repr, in_order(shuffled))) == list(map(repr, FACTS))
