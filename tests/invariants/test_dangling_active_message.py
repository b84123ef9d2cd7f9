"""The message a thread's state names as active is a message of that thread."""

from __future__ import annotations

from tests.invariants.watched import GOOD, ROOT, T1, T2, C, D, Watched, message, state, thread


def test_active_message_that_is_absent_dangles_until_it_comes() -> None:
    """Only who runs the turn knows what is active: there is no repair."""
    watched = Watched(*GOOD, state("queued", C))
    assert watched.broken("dangling_active_message")[T1].repair is None
    watched.add(message(C, ROOT))
    assert watched.checker.ledger() == {}


def test_active_message_of_another_thread_dangles() -> None:
    """A newer state that names none heals."""
    watched = Watched(*GOOD, thread(T2, D), message(D, None, T2), state("queued", D))
    assert set(watched.broken("dangling_active_message")) == {T1}
    watched.add(state("idle", None, stamp=2))
    assert watched.checker.ledger() == {}


def test_active_message_that_another_copy_takes_away_dangles() -> None:
    """The thread it left is looked at."""
    watched = Watched(
        *GOOD, thread(T2, D), message(D, None, T2), message(C, ROOT, assumed=True), state("queued", C)
    )
    assert watched.broken("dangling_active_message") == {}
    watched.add(message(C, D, T2))
    assert set(watched.broken("dangling_active_message")) == {T1}
