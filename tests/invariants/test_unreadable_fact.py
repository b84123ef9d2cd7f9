"""Every entry of the Y document is a fact; what is none is kept, told, and means nothing."""

from __future__ import annotations

from chatdoc.model.delta import Delta
from tests.invariants.watched import GOOD, Watched


def test_entry_that_is_no_fact_is_told_until_it_is_one() -> None:
    """It is a diagnostic: a newer program may know how to read it."""
    watched = Watched(*GOOD)
    watched.view.unreadable["message", "key/0"] = "gibberish"
    touched = Delta(origin="peer", unreadable=frozenset({"message/key/0"}))
    watched.follow(touched)
    found = watched.broken("unreadable_fact")["message/key/0"]
    assert found.severity == "diagnostic"
    assert "gibberish" in found.detail
    del watched.view.unreadable["message", "key/0"]
    assert len(watched.follow(touched).healed) == 1
