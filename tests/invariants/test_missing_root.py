"""Every thread has the root it names: a message of its own that replies to nothing."""

from __future__ import annotations

from chatdoc.model.commands.repairs import AssumeRoot, ReparentMessage
from tests.invariants.watched import GOOD, ROOT, T1, T2, A, Watched, mark, message, thread


def test_absent_root_is_missing_until_it_comes() -> None:
    """It may be late, so the placeholder is for a person to decide."""
    watched = Watched(thread())
    found = watched.broken("missing_root")[T1]
    assert found.repair == AssumeRoot(thread_id=T1)
    assert not found.safe
    watched.add(message(ROOT))
    assert watched.checker.ledger() == {}


def test_placeholder_heals_and_gives_way_to_the_real_root() -> None:
    """A message that was told goes before one that was inferred."""
    watched = Watched(thread())
    assert watched.execute(AssumeRoot(thread_id=T1)) == []
    assert watched.checker.ledger() == {}
    watched.add(message(ROOT, content="real"))
    assert watched.checker.ledger() == {}
    shown = watched.view.message(ROOT)
    assert shown is not None
    assert shown.content == "real"


def test_root_in_another_thread_is_missing() -> None:
    """Being in the document is not enough."""
    watched = Watched(thread(), thread(T2), message(ROOT, None, T2))
    assert set(watched.broken("missing_root")) == {T1}


def test_root_that_another_copy_takes_away_is_missing() -> None:
    """The thread it left is looked at, though nothing of it was written."""
    watched = Watched(thread(), thread(T2, A), message(A, None, T2), message(ROOT, assumed=True))
    assert watched.checker.ledger() == {}
    watched.add(message(ROOT, A, T2))
    assert set(watched.broken("missing_root")) == {T1}


def test_root_that_replies_to_something_is_set_free() -> None:
    """Everything is here, so that is wrong and not late, and the repair is safe."""
    watched = Watched(*GOOD)
    outcome = watched.add(mark(ROOT, "reply_to_message_id", A))
    assert ReparentMessage(message_id=ROOT, reply_to=None) in outcome.repairs
    assert watched.execute(outcome.repairs[0]) == []
    assert watched.checker.ledger() == {}


def test_root_of_an_inferred_thread_is_left_alone() -> None:
    """The real identity may name another."""
    watched = Watched(thread(assumed=True), message(ROOT, A), message(A, ROOT))
    assert not watched.broken("missing_root")[T1].safe
