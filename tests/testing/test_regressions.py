"""Seeds that once failed keep their names and never fail again."""

from __future__ import annotations

import pytest

from chatdoc.testing.copies import meet
from chatdoc.testing.fuzz import fuzz
from chatdoc.testing.stored import fuzz_stored

HONEST = {
    "a diff of gapless log entries had gaps between other clients": (5, 4, 150),
    "the same, found while settling": (2, 4, 300),
    "the same, within a sync": (7, 3, 60),
}
HOSTILE = {
    "a restart forgot what was unreadable": (0, 2, 150),
    "a batch that wrote and removed left its fact out of the Y document": (2, 4, 150),
    "garbage that lost to a fact was told for ever": (7, 3, 150),
    "a repair was stamped in the year 9999 and refused by all": (10, 3, 150),
    "a mark of a client id used twice was never told": (26, 4, 150),
}
STORED = {
    "a piece delivered after the end took a lease of a turn that was over": (1, 100),
    "a start that was withdrawn or taken stood hidden, to come back": (2, 60),
    "a turn beside its thread's active one ran for ever": (3, 40),
    "a turn that ended while a revert hid it ran for ever once it came back": (15, 70),
    "a copy was said to lack an answer whose question had not come yet": (71048, 30),
    "a copy of what breaks a rule for a while can only be read, and was written to": (71105, 370),
}


@pytest.mark.parametrize("name", HONEST)
def test_seeds_that_failed_among_honest_replicas(name: str) -> None:
    """Each names the defect it found."""
    seed, replicas, steps = HONEST[name]
    report = fuzz(steps=steps, replicas=replicas, seed=seed, hostile=False)
    assert report.ok, report.problems[0]


@pytest.mark.parametrize("name", HOSTILE)
def test_seeds_that_failed_beside_a_hostile_peer(name: str) -> None:
    """Each names the defect it found."""
    seed, replicas, steps = HOSTILE[name]
    report = fuzz(steps=steps, replicas=replicas, seed=seed)
    assert report.ok, report.problems[0]


@pytest.mark.parametrize("name", STORED)
def test_seeds_that_failed_in_files(name: str) -> None:
    """Each names the defect it found."""
    seed, steps = STORED[name]
    report = fuzz_stored(steps=steps, seed=seed)
    assert report.ok, report.problems[0]


@pytest.mark.parametrize("seed", [16, 56])
def test_copies_that_failed_to_be_one(seed: int) -> None:
    """These met with a message twice, before rows of one sender and millisecond were left out."""
    meet(seed)
