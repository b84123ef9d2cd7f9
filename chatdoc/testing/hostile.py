"""A hostile peer speaks the Y protocol without our commands: it removes, overwrites, forges and repeats."""

from __future__ import annotations

from random import Random
from typing import Any

from chatdoc.crdt.first_update import session_client
from chatdoc.crdt.keys import decode, encode
from chatdoc.crdt.ydoc import Replica, merge
from chatdoc.document import Document
from chatdoc.model.errors import UpdateRefused
from chatdoc.model.facts import (
    DocumentFact,
    Fact,
    Header,
    MarkFact,
    PieceFact,
    RevisionFact,
    SettingFact,
    StateFact,
    ThreadFact,
)
from chatdoc.model.ids import MessageId, RevisionId, Stamp, ThreadId, derive
from chatdoc.testing.promises import WITHSTOOD, promised
from chatdoc.testing.writer import some_message, some_thread

Entry = tuple[str, str, str]
DEEDS = ("remove", "overwrite", "add and remove", "add and overwrite", "collide", "forge", "swap")
GARBAGE = ("", "{}", "null", "[[[", '{"message_id": 1}', "\x00", "9" * 400, '{"value":1e999}')
WRONG: tuple[Any, ...] = (None, 0, 1, True, 1.0, "", "no id", "Z" * 26, "\x00", 2**70, {"a": [{}]}, [])
STAMPS_MS = (0, 1_600_000_000_000, 1_700_000_000_000, 4_102_444_799_999)
TAKEN_MAX = 3
"""How often one entry is destroyed: a document puts it back a bounded number of times."""


class HostilePeer:
    """One that gets everything a victim has, and writes what it likes; with `ghosts` also threads without a message."""

    def __init__(self, random: Random, *, ghosts: bool = True) -> None:
        self.random, self.ghosts = random, ghosts
        self.refused = 0
        self._taken: dict[tuple[str, str], int] = {}

    def act(self, victims: list[Document]) -> str:
        """Do one thing to a document; returns what."""
        deed = self.random.choice(DEEDS)
        victim = self.random.choice(victims)
        peer = Replica(session_client(self.random.randbytes))
        peer.load([victim.diff()])
        entries = peer.entries()
        places = [place for place in sorted(entries) if self._taken.get(place, 0) < TAKEN_MAX]
        if not places or deed == "forge":
            self._send(victim, peer.transact([encode(self._forged(victim))]))
            return "forge"
        root, key = place = self.random.choice(places)
        self._taken[place] = self._taken.get(place, 0) + 1
        garbage = self.random.choice(GARBAGE)
        match deed:
            case "remove":
                self._send(victim, peer.transact([], [place]))
            case "overwrite":
                self._send(victim, peer.transact([(root, key, garbage)]))
            case "swap":
                self._send(victim, peer.transact([(root, key, entries[self.random.choice(sorted(entries))])]))
            case "collide":
                # Without having seen the entry: which of the two stands is up to the client ids.
                blind = Replica(session_client(self.random.randbytes))
                self._send(victim, blind.transact([(root, key, garbage)]))
            case "add and remove":
                written = encode(self._forged(victim))
                first, second = peer.transact([written]), peer.transact([], [written[:2]])
                self._send(victim, merge([first, second]))
            case "add and overwrite":
                written = encode(self._forged(victim))
                first = peer.transact([written])
                self._send(victim, merge([first, peer.transact([(*written[:2], garbage)])]))
            case "reuse":
                twin = Replica(peer.client_id)
                self._send(victim, peer.transact([self._sound(victim)]))
                self._send(self.random.choice(victims), twin.transact([self._sound(victim)]))
        return deed

    def _send(self, victim: Document, update: bytes) -> None:
        with promised(WITHSTOOD):
            try:
                victim.receive(update, origin="hostile")
            except UpdateRefused:
                self.refused += 1

    def _sound(self, victim: Document) -> Entry:
        """A forged fact that is one: what is none, and hidden by a client id used twice, cannot be told to all."""
        while True:
            entry = encode(self._forged(victim))
            if decode(*entry) is not None:
                return entry

    def _forged(self, victim: Document) -> Fact:
        """A fact with a right key and, now and then, a nonsensical value somewhere."""
        random, view = self.random, victim.view
        thread_id = some_thread(random, view) or ThreadId(self._id("thread"))
        message_id = some_message(random, view, thread_id) or MessageId(self._id("message"))
        stamp = Stamp(self._id("setting"))
        wrong = random.choice(WRONG)
        text = wrong if isinstance(wrong, str) else self._id("message")
        date = random.choice(("2024-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "yesterday", text))
        match random.randrange(9):
            case 0:
                return ThreadFact(
                    thread_id=random.choice((thread_id, ThreadId(self._id("thread"))))
                    if self.ghosts
                    else thread_id,
                    created_at=date,
                    created_by="mallory",
                    root_message_id=MessageId(random.choice((message_id, text))),
                    assumed=random.random() < 0.3,
                )
            case 1:
                return Header(
                    message_id=random.choice((message_id, MessageId(self._id("message")))),
                    thread_id=random.choice((thread_id, ThreadId(text))),
                    sender_id="mallory",
                    date=date,
                    reply_to_message_id=random.choice((None, message_id, MessageId(text))),
                    revision_id=random.choice((None, RevisionId(text), RevisionId(self._id("revision")))),
                    fields=random.choice((None, {"generating": wrong, "reply_to_message_id": wrong})),
                )
            case 2:
                return RevisionFact(
                    message_id=message_id,
                    revision_id=RevisionId(self._id("revision")),
                    author_id="mallory",
                    content=text,
                    date=date,
                )
            case 3:
                field = random.choice(("name", "pin", "deleted", "acp_config.model", "thread_id"))
                return SettingFact(thread_id=thread_id, field=field, stamp=stamp, value=wrong, by="mallory")
            case 4 | 5:
                field = random.choice(
                    ("reply_to_message_id", "deleted", "generating", "acp_usage", "content")
                )
                value = random.choice((wrong, message_id))
                return MarkFact(message_id=message_id, field=field, stamp=stamp, value=value, by="mallory")
            case 6:
                return PieceFact(message_id=message_id, seq=random.randrange(3), text=text)
            case 7:
                return StateFact(
                    thread_id=thread_id,
                    stamp=stamp,
                    state=random.choice(("running", "complete", "error")),
                    updated_at=date,
                    active_message_id=random.choice((None, message_id, MessageId(text))),
                )
            case _:
                return DocumentFact(field=random.choice(("document_id", "schema_version")), value=wrong)

    def _id(self, kind: str) -> str:
        ms = self.random.choice(STAMPS_MS)
        return derive(kind, ms, str(self.random.randrange(6)))
