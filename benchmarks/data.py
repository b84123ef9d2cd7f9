"""The same documents in every run: messages of some 200 characters in threads of a hundred."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec

from chatdoc.model.clock import iso
from chatdoc.model.facts import Fact, Header, ThreadFact
from chatdoc.model.ids import MessageId, ThreadId, derive

BASE_MS = 1_700_000_000_000
_WORDS = [
    "".join(random.Random(number).choices("abcdefghijklmnopqrstuvwxyz", k=2 + number % 9))
    for number in range(500)
]


class ManualClock:
    """Milliseconds that go on by one with every look."""

    def __init__(self) -> None:
        self.ms = BASE_MS + 10**9

    def __call__(self) -> int:
        self.ms += 1
        return self.ms


def text(seed: int) -> str:
    """Some 200 characters."""
    rng = random.Random(seed)
    return " ".join(rng.choices(_WORDS, k=31))


def facts(count: int, threads: int | None = None) -> Iterator[Fact]:
    """A document of `count` messages, each thread's first its root."""
    per_thread = max(1, count // (threads or max(1, count // 100)))
    for number in range(count):
        thread, place = divmod(number, per_thread)
        thread_id = ThreadId(derive("thread", BASE_MS + thread))
        root = MessageId(derive("message", BASE_MS + thread * 1000, "root"))
        date = iso(BASE_MS + number * 7)
        sender = f"07b12853-07e5-487f-906a-{number % 7:012d}"
        if place == 0:
            yield ThreadFact(thread_id=thread_id, created_at=date, created_by=sender, root_message_id=root)
        yield Header(
            message_id=root if place == 0 else MessageId(derive("message", BASE_MS + number, sender)),
            thread_id=thread_id,
            sender_id=sender,
            date=date,
            reply_to_message_id=None if place == 0 else root,
            content=text(number),
        )


def legacy(count: int) -> bytes:
    """A legacy file of that many rows, a root and 99 replies in turn."""
    lines = []
    for number in range(count):
        root = number - number % 100
        date = iso(BASE_MS + number * 1000)
        sender = f"07b12853-07e5-487f-906a-{number % 7:012d}"
        row = {
            "date": date,
            "editing": {},
            "event": "chat",
            "history": [{"author_id": sender, "content": text(number), "date": date}],
            "sender_id": sender,
        }
        if number != root:
            row["reply_to"] = iso(BASE_MS + root * 1000)
        lines.append(msgspec.json.encode(row))
    return b"\n".join(lines)
