"""A reply names a message of its own thread."""

from __future__ import annotations

from chatdoc.model.commands.repairs import ReparentMessage
from tests.invariants.watched import GOOD, ROOT, T1, T2, A, B, C, D, Watched, mark, message, thread


def test_reply_to_an_absent_message_is_shown_until_it_comes() -> None:
    """The target may be late: the repair is suggested and never run unasked."""
    watched = Watched(thread(), message(ROOT), message(B, A))
    found = watched.broken("invalid_reply_target")[B]
    assert found.repair == ReparentMessage(message_id=B, reply_to=ROOT)
    assert not found.safe
    watched.add(message(A, ROOT))
    assert watched.checker.ledger() == {}


def test_reply_into_another_thread_is_hung_on_the_root() -> None:
    """Both are here, so that is wrong and not late."""
    watched = Watched(*GOOD, thread(T2, C), message(C, None, T2))
    outcome = watched.add(message(D, C))
    assert outcome.repairs == (ReparentMessage(message_id=D, reply_to=ROOT),)
    assert watched.execute(outcome.repairs[0]) == []
    assert watched.checker.ledger() == {}


def test_target_that_turns_up_in_another_thread_makes_the_repair_due() -> None:
    """Who waits for a message is looked at when it comes, wherever it comes."""
    watched = Watched(*GOOD, thread(T2, C), message(D, C))
    assert not watched.broken("invalid_reply_target")[D].safe
    outcome = watched.add(message(C, None, T2))
    assert outcome.new == ()
    assert outcome.repairs == (ReparentMessage(message_id=D, reply_to=ROOT),)


def test_target_that_was_inferred_may_yet_be_of_this_thread() -> None:
    """Its own row decides; until then the repair is not safe."""
    watched = Watched(*GOOD, thread(T2, D), message(D, None, T2), message(C, D, T2, assumed=True))
    watched.add(mark(B, "reply_to_message_id", C))
    assert not watched.broken("invalid_reply_target")[B].safe
    watched.add(message(C, ROOT, T1))
    assert watched.checker.ledger() == {}


def test_only_the_first_of_a_broken_chain_is_told() -> None:
    """Those below it reply to messages of their own thread."""
    watched = Watched(thread(), message(ROOT), message(B, A), message(C, B), message(D, C))
    assert set(watched.broken("invalid_reply_target")) == {B}


def test_root_that_replies_into_another_thread_is_set_free() -> None:
    """It can hang on nothing."""
    watched = Watched(thread(), message(ROOT, C), thread(T2, C), message(C, None, T2))
    assert watched.broken("invalid_reply_target")[ROOT].repair == ReparentMessage(
        message_id=ROOT, reply_to=None
    )
