"""A fact never changes, and a lasting one never goes."""

from __future__ import annotations

from chatdoc.model.delta import Delta, Loss
from tests.invariants.watched import GOOD, A, Watched

LOSS = Loss(root="message", key="key/0", subject=A, text="{}")


def test_lost_fact_is_an_incident_and_not_a_state() -> None:
    """It is new in the outcome and kept in the report; once it is put back the document is ok."""
    watched = Watched(*GOOD)
    outcome = watched.follow(Delta(origin="eve", losses=(LOSS,)))
    assert [(one.code, one.subject, one.repair) for one in outcome.new] == [("fact_rewritten", A, None)]
    assert "is put back" in outcome.new[0].detail
    assert "eve" in outcome.new[0].detail
    report = watched.checker.report()
    assert report.ok
    assert report.incidents == outcome.new


def test_fact_whose_words_nobody_knows_is_said_to_be_lost() -> None:
    """It cannot be put back."""
    lost = Loss(root="message", key="key/0", subject=A, text=None)
    outcome = Watched(*GOOD).follow(Delta(origin="eve", losses=(lost,)))
    assert "cannot be put back" in outcome.new[0].detail


def test_change_without_losses_is_no_incident() -> None:
    """Adding facts rewrites none."""
    assert Watched().add(*GOOD).new == ()
