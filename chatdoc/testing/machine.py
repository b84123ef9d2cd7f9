'''A state machine lets any writer loose on a network of documents; subclass it to fuzz your own.

After every rule the ledger of violations is compared with a full check; in the end everything is delivered, and all
documents must be equal and hold whatever any of them ever showed. A writer of your own is one more rule:

>>> from hypothesis.stateful import rule, run_state_machine_as_test
>>> from chatdoc.testing.machine import NetworkMachine, numbers
>>> class WithMyBot(NetworkMachine):
...     @rule(number=numbers)
...     def answer_the_newest(self, number):
...         """My bot answers the newest message of every thread, and says so in the config."""
...         document = self.document(number)
...         for thread in document.threads():
...             newest = document.messages(thread.thread_id)[-1]
...             answer = document.send(
...                 thread.thread_id, sender_id="bot", content="Aha.", reply_to=newest.message_id
...             )
...             document.configure(thread.thread_id, updated_by="bot", last_answer=answer.message_id)
...             self.saw(document, thread.thread_id)
>>> run_state_machine_as_test(WithMyBot, settings=WithMyBot.quick)
'''

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chatdoc.document import Document
from chatdoc.model.errors import CommandRefused
from chatdoc.testing.fuzz import assert_ledger_is_full_check
from chatdoc.testing.network import Network
from chatdoc.testing.oracle import Oracle
from chatdoc.testing.writer import WEIGHTS, Writer, some_command

numbers = st.integers(0, 10**6)
"""Which document, message or thread: whatever is there, counted round."""


class NetworkMachine(RuleBasedStateMachine):
    """Rules that write, deliver, exchange, load and restart; `replicas` says how many documents there are."""

    replicas = 3
    quick = settings(
        max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
    )
    """Enough to find a coarse mistake in seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.network = Network(self.replicas, seed=0)
        self.oracle = Oracle()

    @initialize(seed=st.integers(0, 2**32 - 1))
    def begin(self, seed: int) -> None:
        """Give the network its seed; hypothesis shrinks it with the rest."""
        self.network = Network(self.replicas, seed=seed)

    def document(self, number: int) -> Document:
        """One of the documents."""
        return self.network.documents[number % self.replicas]

    def saw(self, document: Document, thread_id: str) -> None:
        """Hold all documents, in the end, to what this one now shows in a thread."""
        self.oracle.see_thread(document, thread_id)

    @rule(number=numbers, kind=st.sampled_from(sorted(WEIGHTS)), seed=numbers)
    def write(self, number: int, kind: str, seed: int) -> None:
        """A random command of some kind."""
        document, random = self.document(number), Random(seed)
        command = some_command(random, document.view, kind)
        if command is None:
            return
        try:
            answer = document.execute(command)
        except CommandRefused:
            return
        Writer(random, self.oracle).note(document, answer)

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

    @rule(number=numbers, rows=st.booleans(), state=st.booleans())
    def restart(self, number: int, rows: bool, state: bool) -> None:
        """A document crashes and is opened again."""
        self.network.restart(number % self.replicas, rows=rows, state=state)

    @invariant()
    def ledgers_are_full_checks(self) -> None:
        """What deltas say of the rules is what a look at everything says."""
        for document in self.network.documents:
            assert_ledger_is_full_check(document)

    def teardown(self) -> None:
        """Deliver everything, and compare."""
        self.network.settle()
        self.network.assert_converged()
        for number, document in enumerate(self.network.documents):
            missing = list(self.oracle.missing_from(document))
            assert not missing, f"document {number} lost what was acknowledged:\n" + "\n".join(missing[:8])
