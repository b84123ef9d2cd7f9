'''A state machine lets any writer loose on documents in files, beside turns, crashes and redelivered commands.

After every rule each store is held to all its promises: the ledger of violations equals a full check, streams have no
gaps, every acknowledged command has its receipt, the tables are those the log makes anew and say what the documents
show, and no config changed but by a config command. In the end everything is delivered and compared. A writer of your
own is one more rule:

>>> from hypothesis.stateful import rule, run_state_machine_as_test
>>> from chatdoc.testing.stored_machine import StoredMachine, numbers
>>> class WithMyAgent(StoredMachine):
...     @rule(number=numbers)
...     def answer_what_waits(self, number):
...         """My agent answers the first message that waits in any thread."""
...         document = self.document(number)
...         for thread in document.threads():
...             if document.agents.queue(thread.thread_id) and document.state(thread.thread_id).state != "running":
...                 turn = document.agents.start_next(thread.thread_id, sender_id="my agent")
...                 turn.append("Aha.")
...                 turn.finalize()
...                 self.saw(document, thread.thread_id)
>>> run_state_machine_as_test(WithMyAgent, settings=WithMyAgent.quick)
'''

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chatdoc.document import Document
from chatdoc.testing.stored import KINDS
from chatdoc.testing.workplaces import Workplaces
from chatdoc.testing.writer import WEIGHTS

numbers = st.integers(0, 10**6)
"""Which document, message or thread: whatever is there, counted round."""


class StoredMachine(RuleBasedStateMachine):
    """Rules that write, deliver, exchange, repeat, crash, reopen, rebuild and replay, in a folder of their own."""

    quick = settings(
        max_examples=5, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
    )
    """Enough to find a coarse mistake in seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="chatdoc-machine-")
        self.places = Workplaces(Path(self._folder.name) / "empty", 0)

    @initialize(seed=st.integers(0, 2**32 - 1))
    def begin(self, seed: int) -> None:
        """Give the machines their seed; hypothesis shrinks it with the rest."""
        self.places.network.close()
        self.places = Workplaces(Path(self._folder.name) / "begun", seed)

    def document(self, number: int) -> Document:
        """One of the openings: two on one machine, one on each of two others, and of the document beside."""
        network = self.places.network
        return [*network.documents, network.beside][number % (len(network.documents) + 1)]

    def saw(self, document: Document, thread_id: str) -> None:
        """Hold all machines, in the end, to what this document now shows in a thread."""
        if document is not self.places.network.beside:
            self.places.oracle.see_thread(document, thread_id)

    @rule(number=numbers, kind=st.sampled_from(sorted(KINDS)), seed=numbers, named=st.booleans())
    def write(self, number: int, kind: str, seed: int, named: bool) -> None:
        """A random command of some kind; one with an id is asked for twice."""
        self.places.write(self.document(number), kind, Random(seed), named=named)

    @rule()
    def let_time_pass(self) -> None:
        """Each clock moves in its own way, sometimes back."""
        self.places.network.tick()

    @rule(times=st.integers(1, 8))
    def deliver(self, times: int) -> None:
        """Messages meet their fate: delivered, repeated, dropped, batched, cut, delayed."""
        for _ in range(times):
            self.places.network.step()

    @rule(one=numbers, other=numbers)
    def exchange(self, one: int, other: int) -> None:
        """One document gets what it lacks of another."""
        count = len(self.places.network.documents)
        if one % count != other % count:
            self.places.network.sync(one % count, other % count)

    @rule(number=numbers, seed=numbers)
    def repeat(self, number: int, seed: int) -> None:
        """A command that was answered is delivered again, to any process of its machine."""
        self.places.repeat(self.document(number), Random(seed))

    @rule(number=numbers, crash=st.booleans())
    def reopen(self, number: int, crash: bool) -> None:
        """A process ends or is killed, and another one opens the file."""
        self.places.reopen(self.document(number), crash=crash)

    @rule(number=numbers, kind=st.sampled_from(sorted(WEIGHTS)), seed=numbers)
    def fail(self, number: int, kind: str, seed: int) -> None:
        """The disk fails in the midst of a command, which is then asked for again."""
        self.places.fail(self.document(number), kind, Random(seed))

    @rule(number=numbers)
    def rebuild(self, number: int) -> None:
        """The tables are thrown away and folded anew."""
        self.places.rebuild(self.document(number))

    @rule(number=numbers, seed=numbers)
    def copy(self, number: int, seed: int) -> None:
        """The file is copied; the copy is used and forgotten."""
        self.places.copy(self.document(number), Random(seed))

    @rule(number=numbers)
    def look(self, number: int) -> None:
        """A snapshot is taken, or the one taken before is gone on from."""
        self.places.look(self.document(number))

    @invariant()
    def stores_are_sound(self) -> None:
        """Every promise holds on every machine."""
        for machine in sorted(set(self.places.network.machines)):
            self.places.assert_sound(machine)

    def teardown(self) -> None:
        """Deliver everything, compare, and let the folder go."""
        try:
            self.places.settle()
            self.places.network.close()
        finally:
            self._folder.cleanup()
