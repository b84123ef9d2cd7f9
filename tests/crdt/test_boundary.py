"""What is known of an update stays as it came, and what is new follows it, wherever the sender drew the line."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from pycrdt import Doc

from chatdoc.crdt.pending import missing
from chatdoc.crdt.read_update import read, read_state_vector
from chatdoc.crdt.write_update import split_at_known, write
from tests.crdt.crafting import KEY, ROOT, after, block, entry, remains, remains_after, update
from tests.crdt.histories import content, play

A, B = 5, 300


@pytest.mark.parametrize("seed", range(50))
def test_what_is_read_is_written_again(seed: int) -> None:
    """Writing a reading and reading it again changes nothing, for all that pycrdt writes."""
    history = play(seed)
    for raw in (*history.updates, history.whole):
        assert read(write(read(raw))) == read(raw)


def test_an_item_is_split_where_the_known_part_ends() -> None:
    """The known clocks keep their place, the rest continues them; everything else is as it was."""
    items = (entry("é"), remains(5), after(B, 3), remains_after(B, 1, 4))
    raw = update(block(A, 0, *items), removed={A: [(1, 5), (7, 4)], B: [(0, 2)]})
    both, reading = split_at_known(raw, read(raw), {A: 4, B: 4})
    first, second = remains(3), remains_after(A, 3, 2)
    expected = update(
        block(A, 0, items[0], first, second, *items[2:]), removed={A: [(1, 5), (7, 4)], B: [(0, 2)]}
    )
    assert both == expected
    assert reading == read(expected)


@pytest.mark.parametrize("known", [{}, {A: 0}, {A: 1}, {A: 6}, {A: 7}, {B: 3}])
def test_an_update_without_a_known_part_of_an_item_is_left_alone(known: dict[int, int]) -> None:
    """The very same bytes are handed on, not written anew."""
    raw = update(block(A, 0, entry(), remains(5), entry()))
    reading = read(raw)
    same, same_reading = split_at_known(raw, reading, known)
    assert same is raw
    assert same_reading is reading


def test_a_forged_rest_stays_with_what_it_follows() -> None:
    """A forger who names another root for clocks that are partly known changes nothing there."""
    other = ("attic", KEY[-16:])
    written = update(block(A, 0, entry("1")), block(B, 0, entry("2", root=other[0], key=other[1])))
    forged = update(block(A, 0, remains(9, root=other[0], key=other[1])))
    doc: Doc[Any] = Doc()
    doc.apply_update(written)
    doc.apply_update(split_at_known(forged, read(forged), {A: 1, B: 1})[0])
    assert content(doc) == {other[0]: {other[1]: "2"}}
    assert read_state_vector(doc.get_state()) == {A: 9, B: 1}
    assert ROOT not in content(doc)


def test_honest_updates_split_anywhere_end_in_the_same_content() -> None:
    """A whole state that reaches a document which knows any part of it leaves it with the content of the history."""
    split = 0
    for seed in range(300):
        history = play(seed)
        random = Random(seed)
        doc: Doc[Any] = Doc()
        for raw in history.updates[: random.randrange(len(history.updates))]:
            known = read_state_vector(doc.get_state())
            if not missing(read(raw), known):
                doc.apply_update(raw)
        known = read_state_vector(doc.get_state())
        raw, _ = split_at_known(history.whole, read(history.whole), known)
        split += raw is not history.whole
        doc.apply_update(raw)
        assert content(doc) == history.content, f"seed {seed}"
        assert read_state_vector(doc.get_state()) == read_state_vector(history.state), f"seed {seed}"
    assert split > 30
