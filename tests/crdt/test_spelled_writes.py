"""A write is spelled without pycrdt, byte for byte as pycrdt would: it takes the bytes later, and nobody can tell."""

from __future__ import annotations

from collections.abc import Collection
from random import Random

import pytest

from chatdoc.crdt import ydoc
from chatdoc.crdt.keys import ROOTS
from chatdoc.crdt.lib0 import text_bytes
from chatdoc.crdt.ydoc import Replica, merge

CLIENT = 77
Entry, Place = tuple[str, str, str], tuple[str, str]


class AtOnce(Replica):
    """A replica that lets pycrdt write everything at once."""

    def transact(
        self, writes: Collection[Entry], gone: Collection[Place] = (), *, clock: int | None = None
    ) -> bytes:
        return super().transact(writes, gone)


def play(replica: Replica, random: Random) -> list[bytes]:
    """Random writes under new and known keys, removals of what was written, and questions in between."""
    updates, written, clock = [], set(), 0
    for step in range(60):
        if written and random.random() < 0.2:
            gone = random.sample(sorted(written), 1)
            written -= set(gone)
            updates.append(replica.transact([], gone, clock=clock))
            continue
        writes = [
            (
                random.choice(sorted(ROOTS)),
                f"{random.choice([step, random.randrange(60)])}é",
                f"text {step} ü",
            )
            for _ in range(random.randrange(1, 4))
        ]
        writes = [*{(root, key): (root, key, text) for root, key, text in writes}.values()]
        updates.append(replica.transact(writes, clock=clock))
        clock += len(writes)
        written |= {(root, key) for root, key, _ in writes}
        if random.random() < 0.1:
            root, key = random.choice(sorted(written))
            assert replica.holds(root, key)
            assert not replica.holds(root, "nobody's")
    return updates


@pytest.mark.parametrize("seed", range(40))
def test_bytes_are_those_of_pycrdt(seed: int) -> None:
    """Update by update, whatever was removed or written again before."""
    assert play(Replica(CLIENT), Random(seed)) == play(AtOnce(CLIENT), Random(seed))


def test_pycrdt_is_not_asked_for_a_write() -> None:
    """What it takes later in one step is what was written, and what is removed then is gone everywhere."""
    replica = Replica(CLIENT)
    updates = [replica.transact([("message", str(number), "x")], clock=number) for number in range(5)]
    assert len(replica._pending) == 5
    updates.append(replica.transact([], [("message", "3")], clock=5))
    assert not replica._pending
    whole = Replica(1)
    whole.load([merge(updates)])
    assert {key for _, key in whole.entries()} == {"0", "1", "2", "4"}


def test_a_spelling_that_pycrdt_does_not_share_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison can fail: a text one byte too long is no write of pycrdt's."""
    real = ydoc.update_of
    monkeypatch.setattr(
        ydoc, "update_of", lambda *entries: real(*entries).replace(text_bytes("x"), text_bytes("xx"))
    )
    with pytest.raises(AssertionError, match="spells a write differently"):
        Replica(CLIENT).transact([("message", "k", "x")], clock=0)


def test_outside_tests_writes_are_compared_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """One in so many, however many sessions write."""
    monkeypatch.setattr(ydoc, "COMPARE_EVERY", 4)
    compared: list[object] = []
    real = ydoc.update_of
    monkeypatch.setattr(
        ydoc,
        "update_of",
        lambda client, clock, entries: (compared.append(clock), real(client, clock, entries))[1],
    )
    replica = Replica(CLIENT)
    for number in range(1, 13):
        replica.transact([("message", str(number), "x")], clock=number)
    assert compared.count(0) == 3
