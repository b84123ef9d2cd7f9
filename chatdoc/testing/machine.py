'''A state machine lets any writer loose on a network of documents; subclass it to fuzz your own.

It begins with a conversation that every document has. Its own rules write, deliver, exchange, load and restart, a raw
Yjs client writes beside them, and in every second example a hostile peer does. After every rule the ledger of
violations is compared with a full check; in the end everything is delivered, and all documents must be equal, hold
whatever any of them ever showed, and report no broken rule. A writer of your own is one more rule:

>>> from hypothesis.stateful import rule, run_state_machine_as_test
>>> from chatdoc.testing.machine import NetworkMachine, numbers
>>> class WithMyBot(NetworkMachine):
...     @rule(number=numbers)
...     def answer_the_newest(self, number):
...         """My bot answers the newest message of every thread, and says so in the config."""
...         document = self.document(number)
...         for thread in document.threads():
...             for newest in document.messages(thread.thread_id)[-1:]:  # All of them may be deleted.
...                 answer = document.send(
...                     thread.thread_id, sender_id="bot", content="Aha.", reply_to=newest.message_id
...                 )
...                 document.configure(
...                     thread.thread_id, updated_by="bot", fields={"last_answer": answer.message_id}
...                 )
...                 self.saw(document, thread.thread_id)
>>> run_state_machine_as_test(WithMyBot, settings=WithMyBot.quick)
'''

from __future__ import annotations

import inspect
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from chatdoc.document import Document
from chatdoc.model.facts import Header, RevisionFact, SettingFact
from chatdoc.model.ids import RevisionId, Stamp
from chatdoc.testing.assertions import assert_clean, assert_kept, assert_ledger_is_full_check
from chatdoc.testing.conversation import converse_over
from chatdoc.testing.hostile import HostilePeer
from chatdoc.testing.network import Network
from chatdoc.testing.oracle import Oracle
from chatdoc.testing.peer import Peer
from chatdoc.testing.promises import promised
from chatdoc.testing.quiet_integrity import begin_quiet, end_quiet
from chatdoc.testing.writer import WEIGHTS, Writer, some_command
from chatdoc.testing.yjs_clients import Library

numbers = st.integers(0, 10**6)
"""Which document, message or thread: whatever is there, counted round."""
texts = st.sampled_from(("Hi", "", "é", "two\nlines", "漢 \N{GRINNING FACE}", "\u2028\x00", "x" * 300))
"""What somebody may say; the simplest first."""
kinds = st.sampled_from([kind for kind in ("send", *WEIGHTS) for _ in range(WEIGHTS[kind])])
"""Kinds of commands, by weight."""

HOSTILE_ANSWERS = 2
"""So much a hostile peer does after each command of ours."""
HOSTILE_LAST = 12
"""So much it does before the end, however few commands there were."""


class NetworkMachine(RuleBasedStateMachine):
    """Rules that write, deliver, exchange, load and restart, beside raw and hostile peers."""

    replicas = 3
    """How many documents there are."""
    hostile = True
    """Whether a hostile peer may take part, as it then does in every second example."""
    clean = True
    """Whether, where no hostile peer took part, no rule may ever have been broken."""
    quick = settings(
        max_examples=60,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    )
    """Enough to find every mistake that we could plant, in seconds; without the phase that traces every line."""

    def __init__(self) -> None:
        super().__init__()
        begin_quiet()
        self._begin(0, beside_hostile=False)

    @initialize(seed=st.integers(0, 2**32 - 1), beside_hostile=st.sampled_from((False, True, True)))
    def begin(self, seed: int, beside_hostile: bool) -> None:
        """Give the network its seed, which hypothesis shrinks with the rest, and let everybody hear a conversation."""
        self._begin(seed, beside_hostile=beside_hostile and self.hostile)
        self.converse()
        for document in self.network.documents:
            for thread in document.threads(deleted=True):
                self.saw(document, thread.thread_id)

    def _begin(self, seed: int, *, beside_hostile: bool) -> None:
        random = Random(seed)  # One for all would let two peers draw one client id.
        self.network = Network(self.replicas, seed=random.getrandbits(64))
        self.oracle = Oracle()
        self.beside_hostile = beside_hostile
        self._writer = Writer(Random(random.getrandbits(64)), self.oracle)
        self._enemy = HostilePeer(Random(random.getrandbits(64)), ghosts=False)
        self._peers: dict[int, Peer] = {}

    def converse(self) -> None:
        """What is said before anything else happens; one of your own may take its place."""
        converse_over(self.network)

    def document(self, number: int) -> Document:
        """One of the documents."""
        return self.network.documents[number % self.replicas]

    def peer(self, number: int = 0, *, honest: bool = True, library: Library | None = None) -> Peer:
        """A raw Yjs peer of this number, which has what the first document has when it is first asked for.

        It is the real Yjs where node is installed, and pycrdt elsewhere, unless `library` says which.
        """
        if number not in self._peers:
            self._peers[number] = self.network.join(honest=honest, library=library)
        return self._peers[number]

    def saw(self, document: Document, thread_id: str) -> None:
        """Hold all documents, in the end, to what this one now shows in a thread."""
        self.oracle.see_thread(document, thread_id)

    def at_the_end(self, document: Document) -> None:
        """Your own promises hold, once everything is delivered: assert them; your docstring is their sentence."""

    @rule(number=numbers, kind=kinds, seed=numbers)
    def write(self, number: int, kind: str, seed: int) -> None:
        """A random command of some kind, now and then asked for twice; where there is a hostile peer, it answers."""
        document = self.document(number)
        self._writer.carry_out(document, some_command(Random(seed), document.view, kind))
        if self.beside_hostile:
            for _ in range(HOSTILE_ANSWERS):
                self._enemy.act(self.network.documents)

    @rule(number=numbers, text=texts, rename=st.booleans())
    def write_as_yjs(self, number: int, text: str, rename: bool) -> None:
        """A Yjs client that knows the layout edits a message or renames a thread, having seen what a document has."""
        peer = self.peer()
        peer.sync(self.document(number))
        facts = peer.facts()
        headers = [fact for fact in facts if isinstance(fact, Header)]
        if not headers:
            return
        header = headers[number % len(headers)]
        if rename:
            names = [one for one in facts if isinstance(one, SettingFact) and one.field == "name"]
            newest = max((one.stamp for one in names if one.thread_id == header.thread_id), default="")
            peer.put(
                SettingFact(
                    thread_id=header.thread_id,
                    field="name",
                    stamp=Stamp(peer.stamp(newest)),
                    value=text,
                    by="yjs",
                )
            )
        else:
            said = [one for one in facts if isinstance(one, RevisionFact)]
            newest = max((one.revision_id for one in said if one.message_id == header.message_id), default="")
            first = header.revision_id or header.message_id
            peer.put(
                RevisionFact(
                    message_id=header.message_id,
                    revision_id=RevisionId(peer.stamp(max(newest, first))),
                    author_id="yjs",
                    content=text,
                    date=header.date,
                )
            )

    @precondition(lambda self: self.beside_hostile)
    @rule(times=st.integers(1, 8))
    def suffer(self, times: int) -> None:
        """A hostile peer removes, overwrites, forges or repeats some things."""
        for _ in range(times):
            self._enemy.act(self.network.documents)

    @rule()
    def let_time_pass(self) -> None:
        """Each clock moves in its own way, sometimes back."""
        self.network.tick()

    @rule(times=st.integers(1, 8))
    def deliver(self, times: int) -> None:
        """Messages meet their fate: delivered, repeated, dropped, batched, cut, delayed."""
        for _ in range(times):
            self.network.step()

    @rule(one=numbers, other=numbers)
    def exchange(self, one: int, other: int) -> None:
        """One document gets what it lacks of another."""
        if one % self.replicas != other % self.replicas:
            self.network.sync(one % self.replicas, other % self.replicas)

    @rule(number=numbers)
    def load(self, number: int) -> None:
        """A document loads its whole Y document."""
        self.network.warm(number % self.replicas)

    @rule(number=numbers, rows=st.booleans(), sealed=st.booleans())
    def restart(self, number: int, rows: bool, sealed: bool) -> None:
        """A document crashes and is opened again."""
        self.network.restart(number % self.replicas, rows=rows, sealed=sealed)

    def check_invariants(self, *given: Any, **named: Any) -> None:
        """After every rule, what deltas say of the rules is what a look at everything says; then your own invariants.

        As a rule of its own it would be printed after each step of a failure.
        """
        for document in self.network.documents:
            assert_ledger_is_full_check(document)
        super().check_invariants(*given, **named)

    def teardown(self) -> None:
        """Deliver everything, compare, and keep to your own promises."""
        __tracebackhide__ = True
        try:
            if any(peer.has_broken_a_promise for peer in self.network.peers):
                return  # That was told, and what it wrote was sent to nobody.
            if self.beside_hostile:
                for _ in range(HOSTILE_LAST):
                    self._enemy.act(self.network.documents)
                    self.network.step()
            self.network.settle(whole=self.beside_hostile)
            self.network.assert_converged()
            assert_kept(self.network.documents, self.oracle)
            if self.clean and not self.beside_hostile:
                assert_clean(self.network.documents)
            promise = inspect.getdoc(self.at_the_end) or self.at_the_end.__qualname__
            for document in self.network.documents:
                with promised(promise.splitlines()[0]):
                    self.at_the_end(document)
        finally:
            end_quiet()
            self.network.close()
