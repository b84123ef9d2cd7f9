"""A client id is used by one writer, and each of its clocks says one thing."""

from __future__ import annotations

from chatdoc.model.delta import Delta
from tests.invariants.watched import GOOD, Watched


def test_client_id_used_twice_is_an_incident() -> None:
    """Each id is told, with who sent it."""
    outcome = Watched(*GOOD).follow(Delta(origin="eve", reused=frozenset({7, 5})))
    assert [(one.code, one.subject) for one in outcome.new] == [
        ("client_id_reused", "5"),
        ("client_id_reused", "7"),
    ]
    assert "'eve'" in outcome.new[0].detail


def test_change_without_reuse_is_no_incident() -> None:
    """Every session draws its own id."""
    assert Watched().add(*GOOD).new == ()
