"""A network of documents delays, repeats, reorders, batches and drops what they say, and in the end delivers all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from random import Random
from typing import NamedTuple

from chatdoc.crdt import read_update
from chatdoc.crdt.first_update import session_client
from chatdoc.crdt.ydoc import merge
from chatdoc.document import Document
from chatdoc.in_memory import memory_document
from chatdoc.model.errors import UpdateRefused
from chatdoc.model.facts import Fact
from chatdoc.testing import white_box
from chatdoc.testing.clocks import START_MS, ManualClock
from chatdoc.testing.content import differences, hidden, unlike
from chatdoc.testing.peer import Peer
from chatdoc.testing.promises import (
    CONVERGED,
    JOINED,
    LOADED,
    REOPENED,
    SETTLED,
    TAKEN,
    TORN,
    PromiseBroken,
    promised,
    require,
)
from chatdoc.testing.yjs_clients import Library

SHOWN_MAX = 8
"""So many differences are told."""
ROUNDS_MAX = 12
"""So many rounds of everybody asking everybody; who then still lacks something will for ever."""

PEER_BEHIND_MS = 3_600_000
"""So far behind is the clock of a raw peer."""
Fate = str
FATES: dict[Fate, int] = {"deliver": 60, "repeat": 10, "drop": 12, "batch": 10, "cut": 4, "delay": 4}
"""What becomes of a message, by weight."""


class Message(NamedTuple):
    """An update on its way."""

    sender: int
    """A document's number, or ~ that of a raw peer."""
    receiver: int
    update: bytes


class Network:
    """Documents in memory, each with a clock of its own; one seed gives one course of events.

    `join` adds a raw Yjs peer beside them. What a document stores, and what a peer writes, goes to every document, on
    its own time. Nothing moves but by `step`, `sync` and `settle`. After `settle`, `assert_converged` says whether all
    of them hold the same.
    """

    def __init__(self, replicas: int = 3, *, seed: int, facts: Sequence[Iterable[Fact]] = ()) -> None:
        """`facts`: what each document begins with, say a migrated file; none where the list ends."""
        self.random = Random(seed)
        self.clocks = [ManualClock(START_MS + self.random.randrange(-5000, 5000)) for _ in range(replicas)]
        self.in_flight: list[Message] = []
        self.done: Counter[str] = Counter()
        """How often what happened."""
        self.documents: list[Document] = []
        self.peers: list[Peer] = []
        self._leaving: list[Callable[[], None]] = []
        for number in range(replicas):
            self._join(self._begin(number, facts[number] if number < len(facts) else ()))

    def tick(self) -> None:
        """Let time pass, on each clock in its own way."""
        for clock in self.clocks:
            clock.advance(
                self.random.choice((0, 0, 1, 1, 7, 400, -3000 if self.random.random() < 0.1 else 2))
            )

    def step(self) -> None:
        """Let one message on its way meet its fate."""
        if not self.in_flight:
            return
        # From anywhere in the line: this is also what reorders.
        message = self.in_flight.pop(self.random.randrange(len(self.in_flight)))
        fate = self.random.choices(list(FATES), list(FATES.values()))[0]
        self.done[fate] += 1
        if fate in ("delay", "repeat"):
            self.in_flight.append(message)
        if fate == "batch":
            message = self._batched(message)
        if fate == "cut":
            self._deliver_cut(message)
        elif fate not in ("drop", "delay"):
            self.deliver(message)

    def deliver(self, message: Message) -> None:
        """Hand a message to its receiver; who is told that something is missing asks the sender for it."""
        receiver, number = self.documents[message.receiver], message.sender
        sender: Document | Peer = self.documents[number] if number >= 0 else self.peers[~number]
        origin = f"replica {number}" if number >= 0 else f"peer {~number}"
        with promised(TAKEN):
            received = receiver.receive(message.update, origin=origin)
            if received.wanted is not None and self.random.random() < 0.5:
                self.done["resend"] += 1
                receiver.receive(sender.diff(received.wanted), origin=origin)

    def sync(self, one: int, other: int, *, whole: bool = False) -> None:
        """Let one document get from another what it lacks, by its state vector, or all there is."""
        self.done["sync"] += 1
        ours, theirs = self.documents[one], self.documents[other]
        with promised(TAKEN):
            lacking = theirs.diff(None if whole else ours.state_vector())
            ours.receive(lacking, origin=f"replica {other}")

    def settle(self, *, whole: bool = False) -> None:
        """Deliver all there is, and let everybody ask everybody until nobody lacks anything; raises PromiseBroken.

        `whole` lets everybody send all they have once: state vectors hide what was written under one client id twice.
        """
        while self.in_flight:
            self.deliver(self.in_flight.pop(self.random.randrange(len(self.in_flight))))
        pairs = [(one, other) for one in range(len(self.documents)) for other in range(len(self.documents))]
        for number in range(ROUNDS_MAX):
            for one, other in pairs:
                if one != other:
                    self.sync(one, other, whole=whole and not number)
            for peer in self.peers:
                self._exchange(peer)
            self.in_flight.clear()
            if len({document.state_vector() for document in self.documents}) == 1:
                return
        clocks = [white_box.known_clocks(document) for document in self.documents]
        raise PromiseBroken(SETTLED, f"after {ROUNDS_MAX} rounds documents still lack something: {clocks}")

    def assert_converged(self) -> None:
        """Raise PromiseBroken unless all documents say the same, show the same text and report the same."""
        first = self.documents[0]
        for number, document in enumerate(self.documents):
            with promised(JOINED):
                told = list(hidden(document))
            require(not told, JOINED, _told(f"of document {number}:", told))
            with promised(CONVERGED):
                told = list(differences(first.view, document.view))
                assert not told, _told(f"documents 0 and {number} differ:", told)
                assert document.text() == first.text(), f"documents 0 and {number} differ in their text"
                one, other = first.check(), document.check()
                assert (one.violations, one.diagnostics) == (other.violations, other.diagnostics), (
                    f"documents 0 and {number} report differently:\n{one.to_text()}\n{other.to_text()}"
                )
        for number, peer in enumerate(self.peers):
            with promised(
                JOINED
            ):  # It may hold what was removed since: that is superseded, put back, or no fact.
                told = list(unlike(first.view, peer.entries()))
            require(not told, JOINED, _told(f"of raw peer {number}:", told))

    def join(self, *, honest: bool = True, library: Library | None = None) -> Peer:
        """A raw Yjs peer that has what the first document has; the real Yjs where node is installed."""
        number = len(self.peers)
        peer = Peer(
            session_client(self.random.randbytes),
            clock=ManualClock(self.clocks[0].now_ms - PEER_BEHIND_MS),
            random=self.random.randbytes,
            send=lambda update: self._broadcast(~number, update),
            honest=honest,
            library=library,
        )
        self.peers.append(peer)
        peer.sync(self.documents[0])
        return peer

    def close(self) -> None:
        """Let the raw peers go; documents in memory need no end."""
        for peer in self.peers:
            peer.yjs.close()
        self.peers.clear()

    def warm(self, number: int) -> None:
        """Load a document's whole Y document, as the first removal or snapshot does."""
        with promised(LOADED):
            white_box.warm(self.documents[number])

    def restart(self, number: int, *, rows: bool = False, sealed: bool = False) -> None:
        """Let a document crash and open it from its log, with a snapshot of its rows taken, or its log sealed, before.

        Raises PromiseBroken when it comes back saying anything else.
        """
        before = self.documents[number]
        with promised(REOPENED):
            if rows:
                white_box.put_rows(before)
            if sealed:
                white_box.seal(before)
            document = white_box.reloaded(before, clock=self.clocks[number], random=self.random.randbytes)
            told = list(differences(before.view, document.view))
            assert not told, _told(f"document {number} came back changed (rows={rows}):", told)
            one, other = before.check(), document.check()
            assert (one.violations, one.diagnostics) == (other.violations, other.diagnostics), (
                f"document {number} reports differently once reopened:\n{one.to_text()}\n{other.to_text()}"
            )
            known = [white_box.known_clocks(one) for one in (before, document)]
            assert known[0] == known[1], f"document {number} knew {known[0]}, and once reopened {known[1]}"
        self._leaving[number]()
        self.documents[number] = document
        self._leaving[number] = document.subscribe(partial(self._send, number))
        self.done["restart"] += 1

    def _begin(self, number: int, facts: Iterable[Fact]) -> Document:
        return memory_document(clock=self.clocks[number], random=self.random.randbytes, facts=facts)

    def _join(self, document: Document) -> None:
        number = len(self.documents)
        self.documents.append(document)
        self._leaving.append(document.subscribe(partial(self._send, number)))

    def _send(self, sender: int, update: bytes, origin: str) -> None:
        if origin.startswith(("replica ", "peer ")):
            return  # Whoever wrote it sends it to everybody.
        self._broadcast(sender, update)

    def _broadcast(self, sender: int, update: bytes) -> None:
        for receiver in range(len(self.documents)):
            if receiver != sender:
                self.in_flight.append(Message(sender, receiver, update))

    def _batched(self, message: Message) -> Message:
        """The message together with others on the same way, as far as they make one update without gaps."""
        fellows = [one for one in self.in_flight if one[:2] == message[:2]]
        chosen = fellows[: self.random.randrange(len(fellows) + 1)]
        merged = merge([message.update, *(one.update for one in chosen)]) if chosen else message.update
        try:
            read_update.read(merged)
        except UpdateRefused:  # It has gaps, which a peer that batches in order never sends.
            return message
        for one in chosen:
            self.in_flight.remove(one)
        return message._replace(update=merged)

    def _exchange(self, peer: Peer) -> None:
        """Let a raw peer and each document ask each other for what they lack."""
        origin = f"peer {self.peers.index(peer)}"
        for document in self.documents:
            with promised(TAKEN):
                document.receive(peer.diff(document.state_vector()), origin=origin)
            with promised(JOINED):
                peer.sync(document)

    def _deliver_cut(self, message: Message) -> None:
        receiver = self.documents[message.receiver]
        torn = message.update[: self.random.randrange(len(message.update))]
        with promised(TORN):
            before = receiver.state_vector()
            try:
                receiver.receive(torn, origin=f"replica {message.sender}")
            except UpdateRefused:
                assert receiver.state_vector() == before, "a refused update changed the document"
            else:
                raise AssertionError(f"an update cut to {len(torn)} bytes was taken: {torn.hex()}")


def _told(head: str, lines: Iterable[str]) -> str:
    return "\n".join([head, *list(lines)[:SHOWN_MAX]])
