"""Origins in a circle are found, and no order that can be placed is taken for one."""

from __future__ import annotations

from random import Random

import pytest

from chatdoc.crdt.origin_cycles import refuse_circle
from chatdoc.crdt.read_update import Item, read
from chatdoc.model.errors import UpdateRefused
from tests.crdt.crafting import after, block, entry, remains_after, update


def items(origins: dict[tuple[int, int], tuple[int, int]], spans: dict[int, tuple[int, int]]) -> list[Item]:
    """One write for each clock of the spans, with the origins given."""
    return [
        Item(client, clock, 1, None, None, "", origins.get((client, clock)))
        for client, (first, end) in spans.items()
        for clock in range(first, end)
    ]


def can_be_placed(origins: dict[tuple[int, int], tuple[int, int]], spans: dict[int, tuple[int, int]]) -> bool:
    """The plain way: place what can be placed until nothing moves."""
    placed = {client: first for client, (first, _) in spans.items()}
    moved = True
    while moved:
        moved = False
        for client, (_, end) in spans.items():
            while placed[client] < end:
                other, clock = origins.get((client, placed[client]), (-1, 0))
                first, last = spans.get(other, (0, 0))
                if first <= clock < last and placed[other] <= clock:
                    break
                placed[client] += 1
                moved = True
    return all(placed[client] == end for client, (_, end) in spans.items())


def test_what_cannot_be_placed_is_refused_and_only_that() -> None:
    """Over thousands of random updates the answer is that of placing items one by one."""
    refusals = 0
    for seed in range(5000):
        random = Random(seed)
        spans = {
            client: (random.randrange(3), 3 + random.randrange(6))
            for client in range(2 + random.randrange(4))
        }
        origins = {}
        for _ in range(random.randrange(30)):
            client = random.choice(list(spans))
            clock = random.randrange(*spans[client])
            other = random.choice([one for one in (*spans, 99) if one != client])
            origins[client, clock] = (other, random.randrange(10))
        try:
            refuse_circle(items(origins, spans), spans)
        except UpdateRefused:
            refusals += 1
            assert not can_be_placed(origins, spans), f"seed {seed}"
        else:
            assert can_be_placed(origins, spans), f"seed {seed}"
    assert 500 < refusals < 4500


def test_two_clients_that_build_on_each_other_in_turn_pass() -> None:
    """Later items of each client may follow earlier ones of the other."""
    read(update(block(2, 0, entry(), after(1, 0), after(1, 1)), block(1, 0, after(2, 0), after(2, 1))))


def test_a_circle_of_three_clients_is_refused() -> None:
    """The circle may be long, and removed items are part of it."""
    with pytest.raises(UpdateRefused, match=r"origins older than their items, came a circle through \d:1"):
        read(
            update(
                block(3, 0, entry(), after(2, 1)),
                block(2, 0, entry(), remains_after(1, 2)),
                block(1, 0, entry(), after(3, 1), entry()),
            )
        )


def test_a_long_chain_takes_time_in_proportion() -> None:
    """A hundred thousand clients, each building on the next, are checked without recursion."""
    count = 100_000
    spans = dict.fromkeys(range(count), (0, 1))
    chain = items({(client, 0): (client + 1, 0) for client in range(count - 1)}, spans)
    refuse_circle(chain, spans)
    with pytest.raises(UpdateRefused, match="circle"):
        refuse_circle([*chain[:-1], chain[-1]._replace(origin=(0, 0))], spans)
