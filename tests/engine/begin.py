"""Documents in memory whose clocks and ids follow from a number, and peers that speak Y only."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from chatdoc.crdt.keys import encode
from chatdoc.crdt.ydoc import Replica
from chatdoc.document import Document
from chatdoc.in_memory import memory_document
from chatdoc.model.facts import Fact
from chatdoc.testing.clocks import ManualClock


def begin(seed: int = 1, facts: Iterable[Fact] = ()) -> Document:
    """A document in memory, empty or with these facts."""
    return memory_document(clock=ManualClock(), random=Random(seed).randbytes, facts=facts)


def pull(receiver: Document, sender: Document) -> None:
    """Give one document what it lacks of another."""
    receiver.receive(sender.diff(receiver.state_vector()), origin="peer")


def meet(one: Document, other: Document) -> None:
    """Let two documents exchange everything, and what that makes them write."""
    for _ in range(3):
        pull(one, other)
        pull(other, one)


def raw_peer(document: Document, client_id: int = 77) -> Replica:
    """A Y document of its own client id with all a document has; it follows none of our rules."""
    peer = Replica(client_id)
    peer.load([document.diff()])
    return peer


def place_of(fact: Fact) -> tuple[str, str]:
    """Root and key of a fact."""
    return encode(fact)[:2]
