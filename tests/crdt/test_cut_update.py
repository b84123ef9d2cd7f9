"""A large update is cut as bytes between its items, and what may be anything else is left to whoever reads it."""

from __future__ import annotations

import pytest

from chatdoc.crdt import log_pieces
from chatdoc.crdt.cut_update import cut
from chatdoc.crdt.log_pieces import pieces_of
from chatdoc.crdt.read_update import read
from chatdoc.crdt.ydoc import Replica
from tests.crdt.crafting import after, block, entry, remains, update

TEXTS = ["", "{}", "ä" * 70, "x" * 127, "x" * 128, "x" * 20_000, "\x00" * 5]
"""Lengths of one byte, of two and of three, and text that looks like numbers."""


def written(count: int = 50) -> bytes:
    """An update of one client from clock 3 on; every third item overwrites the one before it."""
    items = [
        after(7, 2 + clock, TEXTS[clock % len(TEXTS)], info=0xA8 if clock % 2 else 0x88)
        if clock % 3 == 2
        else entry(TEXTS[clock % len(TEXTS)])
        for clock in range(count)
    ]
    return update(block(7, 3, *items))


@pytest.mark.parametrize("bytes_max", [1, 100, 5_000, 1 << 20])
def test_pieces_say_what_the_update_says(bytes_max: int) -> None:
    """The guard reads the same items in the same order, in pieces larger than asked by at most one item."""
    found = cut(written(), bytes_max)
    assert found is not None
    assert (found.client, found.end) == (7, 53)
    items = [item for one in found.pieces for item in read(one).items]
    assert items == list(read(written()).items)
    assert max(map(len, found.pieces)) <= bytes_max + max(map(len, TEXTS)) + 120
    assert (len(found.pieces) == 1) == (bytes_max == 1 << 20)


def test_one_replica_shows_the_same_by_the_pieces() -> None:
    """The Y document takes them one after the other."""
    whole = update(block(7, 0, *(entry(text, key=f"{'0' * 26}/{n:016x}") for n, text in enumerate(TEXTS))))
    found = cut(whole, 1)
    assert found is not None
    assert len(found.pieces) == len(TEXTS)
    one, other = Replica(5), Replica(6)
    one.load([whole])
    other.load(found.pieces)
    assert dict(one.entries()) == dict(other.entries()) != {}


@pytest.mark.parametrize(
    "other",
    [
        update(block(7, 0, entry(), remains(2))),
        update(block(7, 0, entry()), block(8, 0, entry())),
        update(block(7, 0, entry(), entry()), removed={7: [(0, 1)]}),
        update(block(7, 0, entry(), entry(), count=3)),
        update(block(7, 0, entry(), entry(), count=1)),
        update(block(7, 0, entry().replace(b"\x28\x01", b"\x28\x00"))),
        update(block(7, 0, entry().replace(b"\x01\x77", b"\x02\x77"))),
        update(block(7, 0, entry().replace(b"\x01\x77", b"\x01\x7d"))),
        written()[:-200] + b"\0",
        b"\x01\x80",
        b"",
    ],
)
def test_anything_else_is_not_cut(other: bytes) -> None:
    """Removals, several clients, other content, a wrong count, an update that ends early."""
    assert cut(other, 1) is None


def test_a_log_with_one_large_update_is_cut_without_reading_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a migration wrote is one update of all its rows: joiners wait for it, and reading it took most of that."""

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("read")

    monkeypatch.setattr(log_pieces, "in_pieces", fail)
    first = update(block(7, 0, *(entry(str(clock)) for clock in range(100))))
    last = update(block(7, 100, entry("last")))
    pieces = pieces_of([first, last], {7: 101}, 1_000)
    assert pieces is not None
    assert len(pieces) > 5
    assert [item.text for one in pieces for item in read(one).items] == [*map(str, range(100)), "last"]
    assert pieces_of([first, last], {7: 102}, 1_000) is None
