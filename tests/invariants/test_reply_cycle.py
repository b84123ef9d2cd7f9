"""No message is a reply to itself, however long the way around."""

from __future__ import annotations

from chatdoc.model.commands.repairs import ReparentMessage
from tests.invariants.watched import GOOD, ROOT, A, B, C, D, Watched, mark, message, thread


def test_circle_is_one_violation_and_is_opened_at_its_smallest_id() -> None:
    """All on it are here, so the repair is safe, and one mark heals it."""
    watched = Watched(thread(), message(ROOT), message(B, D), message(C, B))
    outcome = watched.add(message(D, C))
    assert set(watched.broken("reply_cycle")) == {B}
    assert outcome.repairs == (ReparentMessage(message_id=B, reply_to=ROOT),)
    assert watched.execute(outcome.repairs[0]) == []
    assert watched.checker.ledger() == {}


def test_message_that_replies_to_itself_is_a_circle_of_one() -> None:
    """The smallest there is."""
    watched = Watched(thread(), message(ROOT), message(A, A))
    assert watched.broken("reply_cycle")[A].detail == "replies to itself"


def test_circle_that_is_opened_elsewhere_is_healed() -> None:
    """Though its smallest id is not what was written."""
    watched = Watched(*GOOD, mark(A, "reply_to_message_id", B))
    assert set(watched.broken("reply_cycle")) == {A}
    watched.add(mark(B, "reply_to_message_id", C))
    assert watched.broken("reply_cycle") == {}
    assert set(watched.broken("invalid_reply_target")) == {B}


def test_circle_with_the_root_on_it_is_opened_there() -> None:
    """The root replies to nothing; that one repair mends both rules."""
    watched = Watched(*GOOD)
    outcome = watched.add(mark(ROOT, "reply_to_message_id", B))
    assert set(outcome.repairs) == {ReparentMessage(message_id=ROOT, reply_to=None)}
    assert watched.execute(outcome.repairs[0]) == []
    assert watched.checker.ledger() == {}


def test_circle_with_an_inferred_message_is_only_shown() -> None:
    """That message's own row may be late, and open it."""
    watched = Watched(thread(), message(ROOT), message(A, B), message(B, A, assumed=True))
    assert not watched.broken("reply_cycle")[A].safe
    watched.add(message(B, ROOT))
    assert watched.checker.ledger() == {}


def test_circle_waits_for_the_root_to_hang_on() -> None:
    """Its coming makes the repair due."""
    watched = Watched(thread(), message(A, B), message(B, A))
    assert watched.broken("reply_cycle")[A].repair is None
    assert ReparentMessage(message_id=A, reply_to=ROOT) in watched.add(message(ROOT)).repairs
