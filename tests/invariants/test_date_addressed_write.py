"""What is written of a message after its first row names a message that exists."""

from __future__ import annotations

import pytest

from chatdoc.model.facts import Fact
from tests.invariants.watched import GOOD, ROOT, C, Watched, mark, message, piece, revision


@pytest.mark.parametrize("fact", [revision(C), mark(C, "generating", False), piece(C)])
def test_write_to_a_message_nobody_has_is_told_until_it_comes(fact: Fact) -> None:
    """Its header heals it, with what was written in place."""
    watched = Watched(*GOOD, fact)
    assert set(watched.broken("date_addressed_write")) == {C}
    watched.add(message(C, ROOT))
    assert watched.checker.ledger() == {}


def test_own_write_to_a_message_nobody_has_is_refused() -> None:
    """And leaves no trace in the view."""
    watched = Watched(*GOOD)
    assert [one.code for one in watched.enter([revision(C)], command="X")] == ["date_addressed_write"]
    assert watched.view.late == set()


def test_write_to_a_message_that_is_here_breaks_nothing() -> None:
    """Which is how everybody writes."""
    assert Watched(*GOOD, message(C, ROOT), revision(C), piece(C)).checker.ledger() == {}
