"""Folding the events that follow from changes gives what the view shows, after any history."""

from __future__ import annotations

from random import Random

import pytest

from chatdoc.clock import iso
from chatdoc.events.derive import begin, derive, derive_fully
from chatdoc.events.event import Draft
from chatdoc.records import index
from chatdoc.records.facts import Fact
from chatdoc.records.known import all_facts, superseded
from chatdoc.records.view import View
from tests.events.folding import Folded
from tests.events.raw import random_facts
from tests.events.truth import assert_true

NOW = iso(9_000)


def change(view: View, facts: list[Fact], random: Random) -> list[Draft]:
    """Enter facts as the corridor does; superseded ones may leave before or after events are derived, or stay."""
    delta, added = index.apply(view, facts, origin="peer")
    gone = [fact for fact in all_facts(view) if superseded(view, fact) and random.random() < 0.5]
    if early := random.random() < 0.5:
        index.undo(view, gone)
    drafts = derive(view, delta, added, project_id="p", now_iso=NOW)
    assert drafts == derive_fully(view, delta, added, project_id="p", now_iso=NOW)
    if not early:
        index.undo(view, gone)
    return drafts


@pytest.mark.parametrize("seed", range(300))
def test_folded_events_give_what_the_view_shows(seed: int) -> None:
    """After every change of a random history, whatever order its facts come in, the log tells what the view shows."""
    random = Random(seed)
    facts = random_facts(random, 60)
    view, folded = View(), Folded()
    while facts:
        size = random.choice([1, 1, 2, 7])
        folded.fold(change(view, facts[:size], random))
        del facts[:size]
        assert_true(folded, view)


@pytest.mark.parametrize("seed", range(60))
def test_log_that_begins_late_tells_the_same(seed: int) -> None:
    """A log that begins with a document full of facts, and goes on, tells what the view shows."""
    random = Random(seed)
    facts = random_facts(random, 60)
    view = View()
    index.apply(view, facts[:40], origin="migration")
    folded = Folded(begin(view, project_id="p", now_iso=NOW))
    assert_true(folded, view)
    folded.fold(change(view, facts[40:], random))
    assert_true(folded, view)
