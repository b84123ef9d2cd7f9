"""Every message names a thread that exists."""

from __future__ import annotations

from chatdoc.model.commands.repairs import AssumeThread
from tests.invariants.watched import GOOD, ROOT, T1, T2, A, Watched, message, thread


def test_message_that_comes_before_its_thread_is_an_orphan_until_then() -> None:
    """Its thread heals it, in whatever order they come."""
    watched = Watched(message(ROOT), message(A, ROOT))
    assert set(watched.broken("orphan_message")) == {ROOT, A}
    assert len(watched.add(thread()).healed) == 2
    assert watched.broken("orphan_message") == {}


def test_thread_may_be_late_so_nobody_assumes_it_unasked() -> None:
    """The repair is shown and not safe; carried out, it heals."""
    watched = Watched(message(ROOT), message(A, ROOT))
    found = watched.broken("orphan_message")[A]
    assert found.repair == AssumeThread(thread_id=T1)
    assert not found.safe
    assert watched.execute(found.repair) == []
    assert watched.checker.ledger() == {}


def test_message_that_another_copy_places_in_an_unknown_thread_is_an_orphan() -> None:
    """Which header holds may change, and the rule follows."""
    watched = Watched(*GOOD[:2], message(A, ROOT, assumed=True))
    assert watched.broken("orphan_message") == {}
    watched.add(message(A, ROOT, T2))
    assert set(watched.broken("orphan_message")) == {A}


def test_good_document_has_no_orphan() -> None:
    """Nothing is broken in a thread whose messages name it."""
    assert Watched(*GOOD).checker.ledger() == {}
