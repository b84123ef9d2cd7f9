"""Four writers with one mistake each, which the fuzz machine finds; testing.md shows what it prints of them."""

from __future__ import annotations

import json
from hashlib import sha256

from hypothesis.stateful import rule

from chatdoc import Document
from chatdoc.model.facts import Header, RevisionFact, SettingFact, ThreadFact
from chatdoc.model.ids import Stamp
from chatdoc.testing.machine import NetworkMachine, numbers, texts


class AnswersTwice(NetworkMachine):
    """A bot runs beside every replica, and answers each thread in which it sees no answer of its own."""

    @rule(number=numbers)
    def answer(self, number: int) -> None:
        """Another replica may have answered, and nobody has told this one yet."""
        document = self.document(number)
        for thread in document.threads():
            if not any(one.sender_id == "bot" for one in document.messages(thread.thread_id)):
                document.send(thread.thread_id, sender_id="bot", content="Aha.")

    def at_the_end(self, document: Document) -> None:
        """A thread has one answer of the bot."""
        for thread in document.threads():
            answers = [one for one in document.messages(thread.thread_id) if one.sender_id == "bot"]
            assert len(answers) < 2, f"thread {document.config(thread.thread_id).name} has {len(answers)}"


class StampsFromItsClock(NetworkMachine):
    """A program that renames threads takes the stamp of a change from its clock alone."""

    @rule(text=texts)
    def rename(self, text: str) -> None:
        """Its clock may stand before the last renaming that it has seen, which then goes on to hold."""
        peer = self.peer()
        peer.sync(self.document(0))
        for thread in peer.facts():
            if isinstance(thread, ThreadFact):
                stamp = Stamp(peer.stamp())
                peer.put(
                    SettingFact(thread_id=thread.thread_id, field="name", stamp=stamp, value=text, by="bot")
                )


class DigestsLatin1(NetworkMachine):
    """A program that spells the layout by hand computes the digest of a text from other bytes than its UTF-8."""

    @rule(text=texts)
    def edit(self, text: str) -> None:
        """For ASCII both are the same, so its own tests passed."""
        peer = self.peer()
        peer.sync(self.document(0))
        facts = peer.facts()
        first = next(fact for fact in facts if isinstance(fact, Header))
        stamp = peer.stamp(above=max(fact.revision_id for fact in facts if isinstance(fact, RevisionFact)))
        revision = {
            "message_id": first.message_id,
            "revision_id": stamp,
            "author_id": "bot",
            "content": text,
            "date": first.date,
        }
        value = json.dumps(revision, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        digest = sha256(value.encode("latin-1", "replace")).hexdigest()[:16]
        peer.write([("revision", f"{first.message_id}/{stamp}/{digest}", value)])


class TidiesUp(NetworkMachine):
    """A program keeps the document small by deleting all messages but the newest three from the Y document."""

    @rule(number=numbers)
    def tidy(self, number: int) -> None:
        """It calls no command, so no message is marked deleted: they are gone for whoever does not put them back."""
        peer = self.peer()
        peer.sync(self.document(number))
        messages = sorted(place for place in peer.entries() if place[0] == "message")
        peer.write(removals=messages[:-3])
