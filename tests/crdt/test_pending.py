"""No update is applied before what it builds on, and none that can be applied waits."""

from __future__ import annotations

from random import Random

import pytest

from chatdoc.crdt.pending import Pending, has_news, missing
from chatdoc.crdt.read_update import read
from chatdoc.model.errors import UpdateRefused
from tests.crdt.crafting import after, block, entry, remains_after, update
from tests.crdt.histories import content, play, receive

A, B, C = 5, 9, 300


def holding(*updates: bytes) -> Pending:
    """A hold-back queue with these updates in it."""
    held = Pending()
    for one in updates:
        assert held.hold(one, read(one))
    return held


@pytest.mark.parametrize(
    ("raw", "known", "lacking"),
    [
        (update(), {}, {}),
        (update(block(A, 0, entry())), {}, {}),
        (update(block(A, 3, entry())), {}, {A: 3}),
        (update(block(A, 3, entry())), {A: 2}, {A: 3}),
        (update(block(A, 3, entry())), {A: 3}, {}),
        (update(block(A, 3, entry())), {A: 9}, {}),
        (update(block(A, 0, after(B, 4))), {}, {B: 5}),
        (update(block(A, 0, after(B, 4))), {B: 4}, {B: 5}),
        (update(block(A, 0, after(B, 4))), {B: 5}, {}),
        (update(block(A, 0, after(B, 4), after(B, 2), after(B, 3))), {}, {B: 5}),
        (update(block(A, 1, after(A, 0))), {}, {A: 1}),
        (update(block(B, 3, entry()), block(A, 0, after(B, 3))), {B: 3}, {}),
        (update(block(B, 3, entry()), block(A, 0, after(B, 2))), {}, {B: 3}),
        (update(block(B, 3, entry()), block(A, 0, after(B, 4))), {B: 3}, {B: 5}),
        (update(removed={A: [(0, 2), (6, 3)]}), {A: 8}, {A: 9}),
        (update(removed={A: [(0, 2), (6, 3)]}), {A: 9}, {}),
        (update(block(A, 2, entry()), removed={A: [(0, 3)]}), {A: 2}, {}),
        (update(block(A, 2, entry()), removed={A: [(0, 3)]}), {A: 1}, {A: 2}),
        (update(block(A, 2, entry()), removed={A: [(2, 2)]}), {A: 2}, {A: 4}),
        (update(block(A, 2, entry()), removed={B: [(2, 2)]}), {A: 1, B: 1}, {A: 2, B: 4}),
    ],
)
def test_what_is_missing_is_the_clock_to_reach(
    raw: bytes, known: dict[int, int], lacking: dict[int, int]
) -> None:
    """Gaps, origins and deletes count, unless they are known or in the update itself."""
    assert missing(read(raw), known) == lacking


def test_news_are_unknown_clocks_or_any_delete() -> None:
    """A state vector tells which items are known, and nothing of deletes."""
    assert not has_news(read(update(block(A, 0, entry()))), {A: 1})
    assert has_news(read(update(block(A, 0, entry(), entry()))), {A: 1})
    assert has_news(read(update(removed={A: [(0, 1)]})), {A: 1})
    assert not has_news(read(update()), {})


def test_a_chain_is_released_in_order_whatever_order_it_came_in() -> None:
    """Each released update finds all it builds on, and the order is the same for every order of coming."""
    first = update(block(A, 0, entry()))
    chain = [update(block(A, 1, entry())), update(block(B, 0, after(A, 1))), update(block(A, 2, after(B, 0)))]
    for seed in range(20):
        held = Pending()
        for one in Random(seed).sample(chain, 3):
            held.hold(one, read(one))
            assert held.release({}) == []
        ends = {client: end for client, (_, end) in read(first).spans.items()}
        assert held.release(ends) == [(one, read(one)) for one in chain]
        assert (len(held), held.bytes_held) == (0, 0)


def test_equal_updates_are_held_once() -> None:
    """A second copy is not held, and its bytes are not counted."""
    early = update(block(A, 1, entry()))
    held = holding(early)
    assert not held.hold(early, read(early))
    assert (len(held), held.bytes_held) == (1, len(early))
    assert [one for one, _ in held.release({A: 1})] == [early]


def test_what_is_known_by_now_is_dropped() -> None:
    """An update is not held when all of it is known, and not released when it became known in the meantime."""
    early = update(block(A, 1, entry()))
    held = holding(early)
    assert held.release({A: 2}) == []
    assert len(held) == 0
    erasing = update(block(A, 1, entry()), removed={A: [(0, 1)]})
    assert [one for one, _ in holding(erasing).release({A: 2})] == [erasing]


def test_an_update_that_builds_on_nothing_is_released_at_once() -> None:
    """Whoever holds what need not wait gets it back."""
    free = update(block(A, 0, entry()))
    assert [one for one, _ in holding(free).release({})] == [free]


def test_the_queue_is_bounded_in_count_and_bytes() -> None:
    """One update too many or one byte too many is refused, and what is held stays."""
    one, two, three = (update(block(client, 1, entry())) for client in (A, B, 7))
    held = Pending(count_max=2)
    assert held.hold(one, read(one))
    assert held.hold(two, read(two))
    with pytest.raises(UpdateRefused, match=r"at most 2 updates .* came one of .* state vector"):
        held.hold(three, read(three))
    assert not held.hold(two, read(two))
    assert Pending(count_max=1, bytes_max=len(one)).hold(one, read(one))
    tight = Pending(bytes_max=len(one) + len(two) - 1)
    assert tight.hold(one, read(one))
    with pytest.raises(UpdateRefused, match="sync by state vector"):
        tight.hold(two, read(two))
    assert [update for update, _ in tight.release({A: 1})] == [one]
    assert tight.hold(two, read(two))


def test_updates_complete_only_together_are_released_as_one() -> None:
    """Two batches that build on each other are merged; a third that lacks something else keeps waiting."""
    ours = update(block(A, 0, entry(), after(B, 0)))
    theirs = update(block(B, 0, entry(), after(A, 0)))
    other = update(block(C, 1, entry()))
    for order in ((ours, theirs, other), (other, theirs, ours)):
        held = holding(*order)
        [(merged, reading)] = held.release({})
        assert reading == read(merged)
        assert reading.spans == {A: (0, 2), B: (0, 2)}
        assert missing(reading, {}) == {}
        assert held.bytes_held == len(other)


def test_what_waits_for_a_group_comes_with_it() -> None:
    """What builds on the members of a group is complete with them, so all of it is one update."""
    ours = update(block(A, 0, entry(), after(B, 0)))
    theirs = update(block(B, 0, entry(), after(A, 0)))
    later = update(block(A, 2, remains_after(B, 1)), removed={A: [(2, 1)]})
    held = holding(later, ours, theirs)
    [(_, reading)] = held.release({})
    assert reading.spans == {A: (0, 3), B: (0, 2)}
    assert reading.removed == ((A, 2, 1),)
    assert len(held) == 0


def test_forged_updates_in_a_circle_stay_held() -> None:
    """Items that wait for each other never come out, and do no harm."""
    ours, theirs = update(block(A, 0, after(B, 0))), update(block(B, 0, after(A, 0)))
    held = holding(ours, theirs)
    assert held.release({}) == []
    assert held.release({A: 1}) == [(theirs, read(theirs))]
    assert len(held) == 0


def test_a_full_queue_of_forged_chains_is_answered_at_once() -> None:
    """Thousands of updates, each building on the next, come out in order without looking at each again and again."""
    count = 4000
    chain = [update(block(1000 + n, 0, after(1001 + n, 0))) for n in range(count)]
    held = holding(*chain)
    assert held.release({}) == []
    released = held.release({1000 + count: 1})
    assert [one for one, _ in released] == chain[::-1]


@pytest.mark.parametrize("seed", range(100))
def test_any_order_ends_in_the_content_that_was_written(seed: int) -> None:
    """Shuffled and doubled updates of pycrdt end in the content of the history, with nothing held."""
    history = play(seed)
    random = Random(seed)
    updates = [*history.updates, *random.sample(history.updates, len(history.updates) // 3)]
    random.shuffle(updates)
    doc, held = receive(updates)
    assert content(doc) == history.content
    assert len(held) == 0
