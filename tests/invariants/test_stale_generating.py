"""A message that is generating is the one its thread's state names as active."""

from __future__ import annotations

from chatdoc.model.commands.repairs import FinishMessage
from tests.invariants.watched import GOOD, ROOT, C, D, Watched, mark, message, state

STREAMING = (*GOOD, message(C, ROOT, generating=True))


def test_message_left_generating_while_its_thread_moved_on_is_told() -> None:
    """Another replica may be at it, so it is a diagnostic, and its repair is not safe."""
    watched = Watched(*STREAMING, state("running", C))
    watched.add(message(D, ROOT, generating=True), state("running", D, stamp=2))
    found = watched.broken("stale_generating")[C]
    assert (found.severity, found.safe, found.repair) == ("diagnostic", False, FinishMessage(message_id=C))
    assert watched.checker.report().ok
    watched.add(mark(C, "generating", False))
    assert watched.checker.ledger() == {}


def test_state_that_names_it_heals() -> None:
    """The state that comes later tells whose turn it is."""
    watched = Watched(*STREAMING, state("idle"))
    assert set(watched.broken("stale_generating")) == {C}
    watched.add(state("running", C, stamp=2))
    assert watched.checker.ledger() == {}


def test_thread_without_a_state_says_nothing() -> None:
    """A message may stream where no turns are kept."""
    assert Watched(*STREAMING).checker.ledger() == {}
