"""A log in pieces says what the log says, whatever its updates are, and is never guessed."""

from __future__ import annotations

import pytest

from chatdoc.crdt import log_pieces
from chatdoc.crdt.log_pieces import pieces_of
from chatdoc.crdt.read_update import read
from chatdoc.crdt.ydoc import Replica
from tests.crdt.crafting import block, entry, remains, update
from tests.crdt.histories import play
from tests.engine.begin import begin


def log_of(seed: int) -> tuple[list[bytes], dict[int, int]]:
    """The log of a document that took a random history, and what it comes to."""
    document = begin(seed)
    for one in play(seed).updates:
        document.receive(one)
    return [entry.update for entry in document.engine.store.updates.entries()], document.engine.known


def shown(updates: list[bytes]) -> dict[tuple[str, str], str]:
    """What a replica shows that took these, one after the other."""
    replica = Replica(5)
    replica.load(updates)
    return dict(replica.entries())


@pytest.mark.parametrize("bytes_max", [1, 200, 1 << 20])
def test_pieces_say_what_the_log_says(bytes_max: int) -> None:
    """Histories of several writers, with removals, repeated items and whole states among them."""
    fewer = 0
    for seed in range(60):
        log, known = log_of(seed)
        pieces = pieces_of(log, known, bytes_max)
        assert pieces is not None, f"seed {seed}"
        assert shown(pieces) == shown(log), f"seed {seed}"
        assert all(read(one) for one in pieces), f"seed {seed}: the guard takes each of them"
        fewer += len(pieces) < len(log)
    assert bytes_max < 1 << 20 or fewer > 30


def test_many_small_updates_become_few_pieces_of_bounded_size() -> None:
    """Two writers in turn are two blocks of one piece; no piece is larger than asked by more than one update."""
    writers = (7, 9)
    log = [
        update(block(client, clock, entry(f"{client}:{clock}"))) for clock in range(500) for client in writers
    ]
    pieces = pieces_of(log, dict.fromkeys(writers, 500), 10_000)
    assert pieces is not None
    assert len(pieces) < 10
    assert max(map(len, pieces)) <= 10_000 + len(log[0])
    assert {client: end for one in pieces for client, (_, end) in read(one).spans.items()} == dict.fromkeys(
        writers, 500
    )


def test_items_that_take_more_than_one_number_are_not_miscounted() -> None:
    """What remains of removed neighbours is one item of many numbers, and stays by itself."""
    log = [update(block(7, 0, entry("a"))), update(block(7, 1, remains(5))), update(block(7, 6, entry("b")))]
    assert pieces_of(log, {7: 7}, 1 << 20) == log


def test_a_log_that_does_not_come_to_what_is_known_is_not_cut() -> None:
    """An entry that is missing would be missing in the answer."""
    log = [update(block(7, clock, entry(str(clock)))) for clock in range(5)]
    assert pieces_of(log, {7: 5}, 100) is not None
    assert pieces_of(log[:-1], {7: 5}, 100) is None
    assert pieces_of(log, {7: 5, 8: 1}, 100) is None


def test_a_log_of_odd_updates_is_left_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them would be a message of its own."""
    monkeypatch.setattr(log_pieces, "ODD_MAX", 3)
    log = [update(block(7, clock, entry(str(clock))), removed={7: [(clock, 1)]}) for clock in range(4)]
    assert pieces_of(log, {7: 4}, 1 << 20) is None
    assert pieces_of(log[:3], {7: 3}, 1 << 20) == log[:3]
