"""A thread that an agent worked in has its config; one without runs with the defaults."""

from __future__ import annotations

import pytest

from chatdoc.model.facts import Fact
from tests.invariants.watched import GOOD, ROOT, T1, T2, A, C, Watched, mark, message, setting, state, thread

BARE = GOOD[:-1]


@pytest.mark.parametrize(
    "trace",
    [
        state("idle"),
        mark(A, "acp_thread_id", "session"),
        mark(A, "acp_usage", {}),
        mark(A, "acp_interrupted", True),
        message(C, ROOT, acp_usage={"total_tokens": 1}),
    ],
)
def test_thread_with_a_trace_of_an_agent_needs_a_config(trace: Fact) -> None:
    """Any setting heals it, and the repair, which is not safe, makes a default explicit."""
    watched = Watched(*BARE)
    assert watched.checker.ledger() == {}
    watched.add(trace)
    found = watched.broken("missing_thread_config")[T1]
    assert not found.safe
    assert found.repair is not None
    assert watched.execute(found.repair) == []
    assert watched.broken("missing_thread_config") == {}


def test_trace_that_is_taken_back_heals() -> None:
    """What holds now counts, not what once was."""
    watched = Watched(*BARE, mark(A, "acp_thread_id", "session"))
    watched.add(mark(A, "acp_thread_id", None, stamp=2))
    assert watched.checker.ledger() == {}


def test_trace_moves_with_its_message() -> None:
    """The thread that a message left is looked at too."""
    watched = Watched(*BARE, message(C, ROOT, acp_usage={}, assumed=True), thread(T2, C))
    assert set(watched.broken("missing_thread_config")) == {T1}
    watched.add(message(C, None, T2))
    assert set(watched.broken("missing_thread_config")) == {T2}


def test_deletion_is_no_config() -> None:
    """A deleted thread has been configured by nobody."""
    watched = Watched(*BARE, state("idle"), setting("deleted", True))
    assert set(watched.broken("missing_thread_config")) == {T1}


def test_first_turn_in_an_unconfigured_thread_is_told_and_not_refused() -> None:
    """It runs with the defaults, and the document is none the worse."""
    watched = Watched(*BARE)
    assert watched.enter([state("queued", A)], command="StartTurn") == []
    assert set(watched.broken("missing_thread_config")) == {T1}
    assert watched.checker.report().ok


def test_thread_without_traces_needs_no_config() -> None:
    """Fields that are not the agent's are no traces."""
    assert Watched(*BARE, mark(A, "own", 1), message(C, ROOT, acp_interrupted=False)).checker.ledger() == {}
