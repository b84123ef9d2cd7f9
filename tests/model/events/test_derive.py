"""Folding the events that follow from changes gives what the view shows, after any history."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatdoc.model.clock import iso
from chatdoc.model.events.codec import encode
from chatdoc.model.events.derive import begin, derive, derive_fully
from chatdoc.model.events.event import Draft
from chatdoc.model.facts import Fact, Header
from chatdoc.model.view import apply
from chatdoc.model.view.lookup import all_facts, superseded
from chatdoc.model.view.view import View
from tests.examples import examples
from tests.model.events.folding import Folded
from tests.model.events.raw import random_facts
from tests.model.events.truth import assert_true
from tests.model.view.raw import MESSAGES, THREADS

NOW = iso(9_000)
SEEDS = st.integers(0, 2**32 - 1)
FIELD_OF_A_PLACEHOLDER = 4_317_047
MOVED_AND_TAKEN_FROM_THE_QUEUE_AT_ONCE = 10_014_722
RUNNING_STATE_REMOVED_BUT_NOT_AN_OLDER_ONE = 4_022


def change(view: View, facts: list[Fact], random: Random) -> list[Draft]:
    """Enter facts as the engine does; superseded ones may leave before or after events are derived, or stay."""
    delta, added = apply.apply(view, facts, origin="peer")
    gone = [fact for fact in all_facts(view) if superseded(view, fact) and random.random() < 0.5]
    if early := random.random() < 0.5:
        apply.undo(view, gone)
    drafts = derive(view, delta, added, project_id="p", now_iso=NOW)
    assert drafts == derive_fully(view, delta, added, project_id="p", now_iso=NOW), "the fast path differs"
    if not early:
        apply.undo(view, gone)
    return drafts


def spelled(drafts: Iterator[Draft] | list[Draft]) -> list[tuple[str, str, str, int]]:
    """What would be stored of events."""
    return [(one.event_type, one.stream_id, encode(one.payload), one.cause) for one in drafts]


@given(SEEDS)
@example(FIELD_OF_A_PLACEHOLDER)
@example(MOVED_AND_TAKEN_FROM_THE_QUEUE_AT_ONCE)
@settings(max_examples=examples(200), deadline=None)
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


@given(SEEDS)
@example(RUNNING_STATE_REMOVED_BUT_NOT_AN_OLDER_ONE)
@settings(max_examples=examples(60), deadline=None)
def test_log_that_begins_late_tells_the_same(seed: int) -> None:
    """A log that begins with a document full of facts, and goes on, tells what the view shows."""
    random = Random(seed)
    facts = random_facts(random, 60)
    view = View()
    apply.apply(view, facts[:40], origin="migration")
    folded = Folded(begin(view, project_id="p", now_iso=NOW))
    assert_true(folded, view)
    folded.fold(change(view, facts[40:], random))
    assert_true(folded, view)


@given(SEEDS)
@settings(max_examples=examples(60), deadline=None)
def test_same_change_gives_the_same_bytes(seed: int) -> None:
    """Two replicas that get the same facts at once store the same events, whatever order the facts stood in."""
    random = Random(seed)
    before, new = random_facts(random, 25), random_facts(random, 25)
    told = []
    for _ in range(2):
        random.shuffle(before)
        random.shuffle(new)
        view = View()
        apply.apply(view, before, origin="peer")
        delta, added = apply.apply(view, new, origin="peer")
        told.append(spelled(derive(view, delta, added, project_id="p", now_iso=NOW)))
        told[-1] += spelled(begin(view, project_id="p", now_iso=NOW))
    assert told[0] == told[1]


@given(SEEDS)
@settings(max_examples=examples(40), deadline=None)
def test_fact_that_is_known_tells_nothing(seed: int) -> None:
    """What comes a second time adds no fact, and what adds none tells nothing."""
    facts = random_facts(Random(seed), 40)
    view = View()
    apply.apply(view, facts, origin="peer")
    delta, added = apply.apply(view, facts, origin="peer")
    assert derive(view, delta, added, project_id="p", now_iso=NOW) == []


def test_log_of_a_large_document_begins_without_being_made_at_once() -> None:
    """Events of a document come one by one, so that its log may begin in pieces."""
    view = View()
    headers = [
        Header(message_id=MESSAGES[0], thread_id=THREADS[0], sender_id="ada", date=iso(1_000)),
        Header(message_id=MESSAGES[1], thread_id=THREADS[0], sender_id="bob", date=iso(1_001)),
    ]
    apply.apply(view, headers, origin="migration")
    events = begin(view, project_id="p", now_iso=NOW)
    assert [one.payload.message_id for one in islice(events, 1)] == [MESSAGES[0]]  # type: ignore[attr-defined]
    assert [one.payload.message_id for one in events] == [MESSAGES[1]]  # type: ignore[attr-defined]
