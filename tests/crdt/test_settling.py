"""Settling an update keeps every good item, and nothing it lets through is refused or seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random

import pycrdt
import pytest

from chatdoc.crdt.lib0 import CLOCK_END, number
from chatdoc.crdt.read_update import read
from chatdoc.crdt.settle_update import settle
from chatdoc.crdt.ydoc import Replica
from chatdoc.model.errors import ChatdocError, UpdateRefused
from tests.crdt.crafting import KEY, block, entry, update
from tests.crdt.histories import play
from tests.crdt.mutations import mutate

SEED = 4_100
CLIENT = 77
TRIALS = 2_000


def yes(client: int) -> bool:
    """Every client id is the sender's own."""
    return True


def take_all(item: object) -> None:
    """Nothing of the layout is refused."""


def written(random: Random) -> tuple[bytes, dict[str, str]]:
    """One client writes good facts and things of every foreign kind; its update, and what is good of it."""
    doc: pycrdt.Doc[object] = pycrdt.Doc(client_id=CLIENT)
    good: dict[str, str] = {}
    root = doc.get("message", type=pycrdt.Map)
    for turn in range(random.randrange(2, 20)):
        key = f"{KEY[:-16]}{random.getrandbits(64):016x}"
        kind = random.randrange(7)
        if kind < 3:
            good[key] = root[key] = f"text {turn}"
        elif kind == 3:
            root[key] = random.choice([1, 2.5, True, None, b"x", [1, [2]], {"a": {"b": None}}])
        elif kind == 4:
            nested = root[key] = pycrdt.Map({"inner": "x"})
            nested["more"] = pycrdt.Array([1, "two"])
        elif kind == 5:
            text = doc.get("notes", type=pycrdt.Text)
            text += "naïve 😀 words"
        else:
            doc.get("list", type=pycrdt.Array).append(random.choice(["x", 7, pycrdt.Text("y")]))
    return doc.get_update(), good


def shown(settled: bytes) -> dict[str, str]:
    """What a replica shows of an update."""
    replica = Replica(5)
    replica.load([settled])
    return {key: text for (root, key), text in replica.entries().items()}


def test_every_good_item_is_kept_and_nothing_else_is_seen() -> None:
    """Whatever stands beside them, good facts are shown, the clocks have no gap, and the reader takes the result."""
    refused = 0
    for seed in range(SEED, SEED + 300):
        sent, good = written(Random(seed))
        found = settle(sent, {}, take_all, clocks_max=CLOCK_END, may_settle=yes)
        reading = read(found.update)
        assert shown(found.update) == good, f"seed {seed}"
        assert sum(one.length for one in reading.items) == reading.spans.get(CLIENT, (0, 0))[1], (
            f"seed {seed}"
        )
        again = settle(found.update, {}, take_all, clocks_max=CLOCK_END, may_settle=yes)
        assert again.update == found.update, f"seed {seed}"
        assert again.refused == (), f"seed {seed}"
        refused += len(found.refused)
    assert refused > 500


def test_what_is_known_is_settled_without_a_word() -> None:
    """A client that comes back with its whole state is not told again of what was settled before."""
    for seed in range(SEED, SEED + 50):
        sent, _ = written(Random(seed))
        end = read(settle(sent, {}, take_all, clocks_max=CLOCK_END, may_settle=yes).update).spans[CLIENT][1]
        assert settle(sent, {CLIENT: end}, take_all, clocks_max=CLOCK_END, may_settle=yes).refused == ()


def test_an_update_of_the_layout_stays_as_it_is() -> None:
    """Nothing changes in what needs no settling."""
    for seed in range(50):
        for one in play(seed).updates:
            assert settle(one, {}, take_all, clocks_max=0, may_settle=yes) == (one, ())


def test_another_clients_items_are_cut_and_not_removed() -> None:
    """A block of a foreign client id ends before its first refused item, and its numbers stay free for its owner."""
    items = [entry("good"), entry("bad"), entry("later")]
    sent = update(block(CLIENT, 0, *items))
    judge = {"good": None, "bad": "not_allowed", "later": None}
    found = settle(
        sent, {}, lambda item: judge[item.text or ""], clocks_max=9, may_settle=lambda client: False
    )
    assert read(found.update).spans == {CLIENT: (0, 1)}
    assert [one.code for one in found.refused] == ["not_allowed"]


def test_a_run_that_would_use_up_a_clients_numbers_is_not_settled() -> None:
    """The forged garbage run of 2^31 clocks is refused as a whole."""
    forged = b"\x01\x01" + number(CLIENT) + b"\x00\x00" + number(CLOCK_END - 1) + b"\x00"
    with pytest.raises(UpdateRefused, match="refused items"):
        settle(forged, {}, take_all, clocks_max=4096, may_settle=yes)


def mutated() -> Iterator[tuple[int, bytes]]:
    """Updates with bytes changed at random."""
    for seed in range(TRIALS):
        random = Random(SEED + seed)
        sent, _ = written(random)
        yield SEED + seed, mutate(sent, random)


def test_no_bytes_break_the_settling() -> None:
    """Every mutated update is settled into something the reader and pycrdt take, or refused."""
    taken = 0
    for seed, sent in mutated():
        try:
            found = settle(sent, {}, take_all, clocks_max=CLOCK_END, may_settle=yes)
        except UpdateRefused:
            continue
        try:
            read(found.update)
        except UpdateRefused:
            continue  # A circle, or a client twice: refused by the next reader.
        try:
            shown(found.update)
        except ChatdocError as error:
            raise AssertionError(f"seed {seed}: {json.dumps(found.update.hex())}") from error
        taken += 1
    assert taken > TRIALS / 20
