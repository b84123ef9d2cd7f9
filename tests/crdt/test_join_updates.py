"""Joined updates say what they said one by one, and whatever is not sure to is left alone."""

from __future__ import annotations

import pytest

from chatdoc.crdt.join_updates import joined_counted, plain_of
from chatdoc.crdt.read_update import read
from tests.crdt.crafting import after, block, entry, remains, update
from tests.crdt.histories import play


def test_items_stay_what_they_were_and_where() -> None:
    """Over random histories: the same items under the same numbers in the same order, and the same removals."""
    fewer = 0
    for seed in range(200):
        given = play(seed).updates
        found = joined_counted(given, 1 << 20)
        assert sum(count for count, _ in found) == len(given), f"seed {seed}"
        before, now = [read(one) for one in given], [read(one) for _, one in found]
        assert [item for one in now for item in one.items] == [item for one in before for item in one.items]
        assert [part for one in now for part in one.removed] == [
            part for one in before for part in one.removed
        ]
        fewer += len(found) < len(given)
    assert fewer > 50


def test_what_one_writer_wrote_in_a_row_becomes_one() -> None:
    """Single writes and several at once, entries that name their place and such that continue one."""
    given = [
        update(block(7, 3, entry("a"))),
        update(block(7, 4, entry("b"), entry("c"))),
        update(block(7, 6, after(7, 3, "d"))),
    ]
    [(count, whole)] = joined_counted(given, 1 << 20)
    assert count == 3
    assert whole == update(block(7, 3, entry("a"), entry("b"), entry("c"), after(7, 3, "d")))
    assert [count for count, _ in joined_counted(given, 1)] == [1, 1, 1], (
        "not beyond the size that is asked for"
    )


@pytest.mark.parametrize(
    "second",
    [
        update(block(8, 1, entry("of another client"))),
        update(block(7, 2, entry("after a gap"))),
        update(block(7, 0, entry("again"))),
        update(block(7, 1, remains(2))),
        update(block(7, 1, entry("x"), remains(2))),
        update(block(7, 1, entry("with a removal")), removed={7: [(0, 1)]}),
        update(block(7, 1, entry("x")), block(8, 0, entry("y"))),
        update(block(7, 1, entry("x")))[:-3],
        b"",
        b"\x01\x01\x07\x01\xff\x00\x00\x00\x00",
    ],
)
def test_everything_else_is_left_alone(second: bytes) -> None:
    """Bytes that are no update, too: the guard says what is wrong with them."""
    first = update(block(7, 0, entry("a")))
    assert joined_counted([first, second], 1 << 20) == [(1, first), (1, second)]
    assert joined_counted([second, first], 1 << 20) == [(1, second), (1, first)]


def test_an_item_of_many_numbers_shifts_nobody() -> None:
    """What follows it at a number that it holds already would come to stand elsewhere."""
    forged = update(block(7, 0, remains(5)))
    assert plain_of(forged) is None
    assert joined_counted([forged, update(block(7, 1, entry("x")))], 1 << 20)[0] == (1, forged)
