"""No message of a thread replies to nothing but the root the thread names."""

from __future__ import annotations

import msgspec

from chatdoc.model.commands.repairs import ReparentMessage, placeholder_id
from tests.invariants.watched import GOOD, ROOT, A, B, D, Watched, mark, message, thread


def test_second_root_is_hung_on_the_first() -> None:
    """Thread, root and message are all here: the repair is safe, and heals."""
    watched = Watched(thread(), message(ROOT))
    outcome = watched.add(message(A))
    assert set(watched.broken("multi_root")) == {A}
    assert outcome.repairs == (ReparentMessage(message_id=A, reply_to=ROOT),)
    assert watched.execute(outcome.repairs[0]) == []
    assert watched.checker.ledger() == {}


def test_second_root_waits_for_the_first() -> None:
    """While the named root is late there is nothing to hang it on; its coming makes the repair due."""
    watched = Watched(thread(), message(A))
    assert watched.broken("multi_root")[A].repair is None
    outcome = watched.add(message(ROOT))
    assert outcome.new == ()
    assert outcome.repairs == (ReparentMessage(message_id=A, reply_to=ROOT),)


def test_second_root_of_an_inferred_thread_is_only_shown() -> None:
    """The real identity may be late, and name the other one."""
    watched = Watched(thread(assumed=True), message(ROOT), message(A))
    assert not watched.broken("multi_root")[A].safe
    watched.add(thread(root=A))
    assert set(watched.broken("multi_root")) == {ROOT}


def test_inferred_message_is_only_shown() -> None:
    """Its own row may be late, and say what it replies to."""
    watched = Watched(thread(), message(ROOT), message(A, assumed=True))
    assert not watched.broken("multi_root")[A].safe
    watched.add(message(A, ROOT))
    assert watched.checker.ledger() == {}


def test_roots_of_two_programs_are_a_finding_and_no_violation() -> None:
    """Two identities of one thread name two roots: both are shown and repaired, and neither program was wrong."""
    watched = Watched(thread(), message(ROOT), message(A))
    assert watched.broken("multi_root")[A].severity == "violation"
    outcome = watched.add(thread(root=A))
    assert {one.severity for one in watched.broken("multi_root").values()} == {"diagnostic"}
    assert len(outcome.repairs) == 1
    assert watched.execute(outcome.repairs[0]) == []
    assert watched.checker.ledger() == {}


def test_placeholder_is_hung_on_the_real_root_once_it_is_here() -> None:
    """It stood for a root that one copy had lost, and nothing real can carry its id: hanging it is safe."""
    standing_in = placeholder_id(thread().thread_id)
    placeholder = msgspec.structs.replace(message(D, assumed=True), message_id=standing_in)
    watched = Watched(thread(root=standing_in, assumed=True), placeholder)
    watched.add(message(A, standing_in, assumed=True))
    assert watched.checker.ledger() == {}
    outcome = watched.add(thread(), message(ROOT))
    assert outcome.repairs == (ReparentMessage(message_id=standing_in, reply_to=ROOT),)
    assert watched.execute(outcome.repairs[0]) == []
    assert watched.checker.ledger() == {}


def test_message_marked_as_replying_to_nothing_breaks_it() -> None:
    """What a mark did a later mark heals."""
    watched = Watched(*GOOD)
    watched.add(mark(B, "reply_to_message_id", None))
    assert set(watched.broken("multi_root")) == {B}
    watched.add(mark(B, "reply_to_message_id", A, stamp=2))
    assert watched.checker.ledger() == {}


def test_roots_of_unknown_threads_are_not_judged() -> None:
    """Which of them is the root nobody knows yet."""
    assert Watched(message(A), message(B)).broken("multi_root") == {}
