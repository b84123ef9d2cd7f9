"""Over random lives of many turns at once, on replicas that meet late, every rule holds and no text is lost."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from chatdoc.agents.flush_policy import Pace
from chatdoc.agents.turn import Turn
from chatdoc.document import Document
from chatdoc.model.errors import CommandRefused, TurnOver
from chatdoc.testing.machine import NetworkMachine, numbers
from chatdoc.testing.turns import TURN_WEIGHTS
from chatdoc.testing.writer import WEIGHTS
from tests.examples import examples

TEXTS = ("Hello", ", world. ", "\U0001f600 漢", "and so on, " * 9, "")
OTHERS = sorted((WEIGHTS.keys() | TURN_WEIGHTS.keys()) - {"append"})
"""What everybody else does; the text of a turn comes from who holds it."""


class Held:
    """A turn in the hands of an agent at one replica, and what it was given."""

    def __init__(self, home: Document, turn: Turn) -> None:
        self.home, self.turn, self.said = home, turn, ""
        self.is_over = False

    def missing_from(self, document: Document) -> str | None:
        """What the agent said and this document shows nowhere."""
        texts = [one.content for one in document.message(self.turn.message_id).history]
        return None if any(self.said in text for text in texts) else f"{self.said!r} is in none of {texts}"


class TurnMachine(NetworkMachine):
    """Agents at every replica run turns while everybody else writes, queues, interrupts and recovers."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Held] = []
        self.let_go: list[Held] = []

    def _hold(self, number: int) -> Held:
        return self.held[number % len(self.held)]

    @rule(number=numbers, kind=st.sampled_from(OTHERS), seed=numbers)
    def write(self, number: int, kind: str, seed: int) -> None:
        """What people and other agents do; they end turns they do not hold, too."""
        super().write(number, kind, seed)

    @rule(number=numbers, waits=st.booleans(), chars=st.sampled_from([1, 20, 64]))
    def start(self, number: int, waits: bool, chars: int) -> None:
        """An agent takes the next message that waits, or speaks up in some thread."""
        document = self.document(number)
        threads = [one.thread_id for one in document.threads(deleted=True)]
        threads = [one for one in threads if document.view.has_config(one)]
        if not threads:
            thread = document.create_thread(sender_id="ada", content="root", name="Plan")
            threads = [thread.thread_id]
            self.saw(document, thread.thread_id)
        thread_id = threads[number % len(threads)]
        pace = Pace(chars=chars)
        try:
            turn = (
                document.agents.start_next(thread_id, sender_id="codex", pace=pace)
                if waits
                else document.start_turn(thread_id, sender_id="codex", pace=pace)
            )
        except CommandRefused:
            return
        if turn is not None:
            self.held.append(Held(document, turn))
            self.oracle.see_message(document, turn.message_id)

    @precondition(lambda self: self.held)
    @rule(number=numbers, text=st.sampled_from(TEXTS))
    def append(self, number: int, text: str) -> None:
        """An agent says something, whether or not its turn was ended by somebody else."""
        held = self._hold(number)
        held.said += text
        try:
            held.turn.append(text)
        except TurnOver:
            held.is_over = True
            self.oracle.see_message(held.home, held.turn.message_id)
            assert held.missing_from(held.home) is None

    @precondition(lambda self: self.held)
    @rule(number=numbers, how=st.sampled_from(["flush", "finalize", "interrupt", "fail", "leave"]))
    def step(self, number: int, how: str) -> None:
        """An agent writes what it gathered, or ends its turn."""
        held = self._hold(number)
        turn = held.turn
        if held.is_over and how != "flush":
            return
        try:
            match how:
                case "flush":
                    turn.flush()
                case "finalize":
                    assert turn.finalize(usage={"output_tokens": len(held.said)}).content.endswith(held.said)
                case "interrupt":
                    turn.interrupt()
                case "fail":
                    turn.fail("no route to host")
                case "leave":
                    turn.leave()
        except TurnOver:
            held.is_over = True
        held.is_over |= how != "flush"
        if how != "flush" or held.is_over:
            self.oracle.see_message(held.home, turn.message_id)
            assert held.missing_from(held.home) is None
            assert turn.state != "running"

    @rule(number=numbers, rows=st.booleans(), sealed=st.booleans())
    def restart(self, number: int, rows: bool, sealed: bool) -> None:
        """A document is opened again once its agents have let go of their turns."""
        document = self.document(number)
        for held in self.held:
            if held.home is document:
                held.turn.leave()
                self.oracle.see_message(document, held.turn.message_id)
        super().restart(number, rows, sealed)
        self.let_go += [held for held in self.held if held.home is document]
        self.held = [held for held in self.held if held.home is not document]

    def teardown(self) -> None:
        """Every agent writes what it has; then everything is delivered, and every text is on every replica."""
        for held in self.held:
            try:
                held.turn.flush()
            except TurnOver:
                held.is_over = True
                self.oracle.see_message(held.home, held.turn.message_id)
        # Turns that somebody ended without knowing all of their text hear of it now.
        self.network.settle()
        for held in self.held:
            held.turn.leave()
            self.oracle.see_message(held.home, held.turn.message_id)
        super().teardown()
        for document in self.network.documents:
            for held in self.held:
                lost = held.missing_from(document)
                assert lost is None, f"what the agent of message {held.turn.message_id} said is lost: {lost}"
            assert not document.agents.running() or all(
                one.message_id not in {held.turn.message_id for held in self.held}
                for one in document.agents.running()
            )


def test_random_lives_of_turns_break_no_rule_and_lose_no_text() -> None:
    """Send, edit, reply, delete, fork, queue, start, append, interrupt, finalize, fail, recover and reopen, at random.

    After every step the ledger of violations is what a full check says, on every replica.
    """
    run_state_machine_as_test(
        TurnMachine,
        settings=settings(
            max_examples=examples(40),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
