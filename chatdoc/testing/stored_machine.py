'''A state machine lets any writer loose on documents in files, beside turns, crashes and redelivered commands.

It begins with a conversation that every machine has, and with turns and requests on one of them.
After every rule each store is held to all its promises: the ledger of violations equals a full check, streams have no
gaps, every acknowledged command has its receipt, the tables are those the log makes anew and say what the documents
show, and no config changed but by a config command. In the end everything is delivered and compared. A writer of your
own is one more rule:

>>> from hypothesis.stateful import rule, run_state_machine_as_test
>>> from chatdoc.model.errors import CommandRefused
>>> from chatdoc.testing.stored_machine import StoredMachine, numbers
>>> class WithMyAgent(StoredMachine):
...     @rule(number=numbers)
...     def answer_what_waits(self, number):
...         """My agent answers the first message that waits in any thread."""
...         document = self.document(number)
...         for thread in document.threads():
...             try:
...                 turn = document.agents.start_next(thread.thread_id, sender_id="my agent")
...             except CommandRefused:  # A turn runs there, perhaps one of a peer, whatever the state says last.
...                 continue
...             if turn is not None:
...                 turn.append("Aha.")
...                 turn.finalize()
...                 self.saw(document, thread.thread_id)
>>> run_state_machine_as_test(WithMyAgent, settings=WithMyAgent.quick)
'''

from __future__ import annotations

import inspect
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from chatdoc.document import Document
from chatdoc.testing.interrupts import interrupted
from chatdoc.testing.promises import (
    APART,
    CARRIED_OUT,
    FOLLOWED,
    ONCE,
    REBUILT,
    REOPENED,
    SETTLED,
    SOUND,
    WHOLE,
    promised,
)
from chatdoc.testing.quiet_integrity import begin_quiet, end_quiet
from chatdoc.testing.second_process import SecondProcess
from chatdoc.testing.stored import KINDS
from chatdoc.testing.white_box import is_open
from chatdoc.testing.workplaces import Workplaces
from chatdoc.testing.writer import WEIGHTS

numbers = st.integers(0, 10**6)
"""Which document, message or thread: whatever is there, counted round."""
kinds = st.sampled_from([kind for kind in ("send", *KINDS) for _ in range(KINDS[kind])])
"""Kinds of commands, by weight."""
BEGINNING = (
    "create", "send", "reply", "edit", "configure", "queue", "start", "append", "finalize", "queue", "start", "append",
    "activity", "request", "checkpoint",
)  # fmt: skip
"""What is asked for before anything else happens, of one opening after the other."""

YEAR_MS = 31_557_600_000
OPCODES_MAX = 20_000
"""An interrupt comes before one of so many bytecodes; a message takes some thousands."""


class StoredMachine(RuleBasedStateMachine):
    """Rules that write, deliver, exchange, repeat, crash, reopen, rebuild and replay, in a folder of their own."""

    clocks_jump = False
    """Whether a machine's clock may be set to any year from 1970 to 2099, as a rule of its own."""
    interrupts = False
    """Whether a command may be interrupted between any two bytecodes, as a rule of its own."""
    processes = False
    """Whether a second, real process writes to the same file, on a disk that fills up, and is killed; a rule each."""
    quick = settings(
        max_examples=12,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    )
    """Enough to find a coarse mistake in seconds; without the phase that traces every line."""

    def __init__(self) -> None:
        super().__init__()
        begin_quiet()
        self._interrupts = 0
        self._sent = 0
        self._second: SecondProcess | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="chatdoc-machine-")
        self.places = Workplaces(Path(self._folder.name) / "empty", 0)

    @initialize(seed=st.integers(0, 2**32 - 1))
    def begin(self, seed: int) -> None:
        """Give the machines their seed, which hypothesis shrinks with the rest, and let them begin."""
        self.places.network.close()
        self._seed = seed
        self.places = Workplaces(Path(self._folder.name) / "begun", seed)
        self.places.begin()
        random = Random(seed)
        for number, kind in enumerate(BEGINNING):
            self.places.network.tick()
            self.places.write(self.document(number), kind, random, named=number % 3 == 0)
        with promised(SETTLED):
            self.places.network.settle()

    def document(self, number: int) -> Document:
        """One of the openings: two on one machine, one on each of two others, and of the document beside."""
        network = self.places.network
        return [*network.documents, network.beside][number % (len(network.documents) + 1)]

    def saw(self, document: Document, thread_id: str) -> None:
        """Hold all machines, in the end, to what this document now shows in a thread."""
        if document is not self.places.network.beside:
            self.places.oracle.see_thread(document, thread_id)

    @rule(number=numbers, kind=kinds, seed=numbers, named=st.booleans())
    def write(self, number: int, kind: str, seed: int, named: bool) -> None:
        """A random command of some kind; one with an id is asked for twice."""
        with promised(CARRIED_OUT):
            self.places.write(self.document(number), kind, Random(seed), named=named)

    @rule(number=numbers, seed=numbers, back=st.booleans())
    def take_back(self, number: int, seed: int, back: bool) -> None:
        """What turns did is hidden by a revert to a checkpoint, and perhaps brought back."""
        with promised(CARRIED_OUT):
            for kind in ("checkpoint", "activity", "revert", *(("undo revert",) if back else ())):
                self.places.write(self.document(number), kind, Random(seed))

    @rule()
    def let_time_pass(self) -> None:
        """Each clock moves in its own way, sometimes back."""
        self.places.network.tick()

    @precondition(lambda self: self.clocks_jump)
    @rule(number=numbers, year=st.integers(1970, 2099))
    def jump(self, number: int, year: int) -> None:
        """The clock of one machine is set by hand."""
        clocks = self.places.network.clocks
        clocks[number % len(clocks)].now_ms = (year - 1970) * YEAR_MS

    @precondition(lambda self: self.interrupts)
    @rule(number=numbers, after=st.integers(1, OPCODES_MAX), text=st.sampled_from(("Hi", "é")))
    def interrupt(self, number: int, after: int, text: str) -> None:
        """A message is interrupted while it is sent, and sent again under its command id: it is there once."""
        document = self.document(number)
        for thread in document.threads()[:1]:
            self._interrupts += 1
            given: dict[str, Any] = {"sender_id": "ada", "content": f"{text} {self._interrupts}"}
            command_id = f"interrupted-{self._interrupts}"
            with interrupted(after):
                document.send(thread.thread_id, **given, command_id=command_id)
            with promised(WHOLE):
                if not is_open(document):
                    self.places.reopen(document, crash=True)
                    document = self.document(number)
                sent = document.send(thread.thread_id, **given, command_id=command_id)
                shown = [one.message_id for one in document.messages(thread.thread_id)]
                same = [one for one in shown if document.message(one).content == given["content"]]
                assert same == [sent.message_id], (
                    f"sent once and interrupted once, it is there {len(same)} times"
                )

    @precondition(lambda self: self.processes)
    @rule(full_after=st.none() | st.integers(0, 60_000), killed=st.booleans())
    def write_in_another_process(self, full_after: int | None, killed: bool) -> None:
        """Another process sends a message, on a full disk or killed meanwhile; asked again, it is there once."""
        document = self.document(0)
        for thread in document.threads()[:1]:
            self._sent += 1
            given = (thread.thread_id, f"from another process {self._sent}", f"second-{self._sent}")
            with promised(WHOLE):
                second = self._second or self._begin_second()
                if killed:
                    second.kill_while_it_sends(*given)
                    second = self._begin_second()
                second.fill_disk(full_after)
                second.send(*given)
                second.fill_disk(None)
                sent = second.send(*given)
                there = [
                    one.message_id for one in document.messages(thread.thread_id) if one.content == given[1]
                ]
                assert there == [sent], f"sent by another process as {sent}, this one shows {there}"
            self.saw(document, thread.thread_id)

    def _begin_second(self) -> SecondProcess:
        path, clock = self.document(0).path, self.places.network.clocks[0]
        assert path is not None, "a stored document has a path"
        self._second = SecondProcess(path, clock_ms=clock.now_ms, seed=self._seed + self._sent)
        return self._second

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
        with promised(ONCE):
            self.places.repeat(self.document(number), Random(seed))

    @rule(number=numbers, crash=st.booleans())
    def reopen(self, number: int, crash: bool) -> None:
        """A process ends or is killed, and another one opens the file."""
        with promised(REOPENED):
            self.places.reopen(self.document(number), crash=crash)

    @rule(number=numbers, kind=st.sampled_from(sorted(WEIGHTS)), seed=numbers)
    def fail(self, number: int, kind: str, seed: int) -> None:
        """The disk fails in the midst of a command, which is then asked for again."""
        with promised(WHOLE):
            self.places.fail(self.document(number), kind, Random(seed))

    @rule(number=numbers)
    def rebuild(self, number: int) -> None:
        """The tables are thrown away and folded anew."""
        with promised(REBUILT):
            self.places.rebuild(self.document(number))

    @rule(number=numbers, seed=numbers)
    def copy(self, number: int, seed: int) -> None:
        """The file is copied; the copy is used and forgotten."""
        with promised(APART):
            self.places.copy(self.document(number), Random(seed))

    @rule(number=numbers)
    def look(self, number: int) -> None:
        """A snapshot is taken, or the one taken before is gone on from."""
        with promised(FOLLOWED):
            self.places.look(self.document(number))

    def check_invariants(self, *given: Any, **named: Any) -> None:
        """After every rule, every promise holds on every machine; then your own invariants.

        As a rule of its own it would be printed after each step of a failure.
        """
        for machine in sorted(set(self.places.network.machines)):
            with promised(SOUND):
                self.places.assert_sound(machine)
        super().check_invariants(*given, **named)

    def at_the_end(self, document: Document) -> None:
        """Your own promises hold, once everything is delivered: assert them; your docstring is their sentence."""

    def teardown(self) -> None:
        """Deliver everything, compare, keep to your own promises, and let the folder go."""
        __tracebackhide__ = True
        try:
            if self._second is not None:
                with self._second:
                    self._second = None
            with promised(SOUND):
                self.places.settle()
            with promised((inspect.getdoc(self.at_the_end) or self.at_the_end.__qualname__).splitlines()[0]):
                for document in self.places.network.documents:
                    self.at_the_end(document)
            self.places.network.close()
        finally:
            end_quiet()
            self._folder.cleanup()
