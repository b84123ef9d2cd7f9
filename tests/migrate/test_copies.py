"""Copies of one file that drifted apart and were migrated apart are one chat again when they meet."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from chatdoc.model.view.apply import apply
from chatdoc.model.view.view import View
from chatdoc.testing.legacy import Row, drifted, legacy_file, legacy_rows
from invariants.full import check_all
from migrate import Migration, migrate
from migrate.v2.write import render

BATCHES = range(4)
SEEDS = 100


def _copies(seed: int) -> list[Migration]:
    random = Random(seed)
    rows: list[Row] = legacy_rows(random, random.randrange(1, 14))
    copies = [rows, *(drifted(random, rows) for _ in range(random.randrange(1, 3)))]
    return [migrate(legacy_file(random, copy)) for copy in copies]


def _united(*made: Migration) -> View:
    view = View()
    for one in made:
        apply(view, one.facts, origin="migration")
    return view


def _texts(view: View) -> Counter[str]:
    """How many messages have each text in their history."""
    found: Counter[str] = Counter()
    for message_id in view.message_ids():
        message = view.message(message_id)
        assert message is not None
        found.update({one.content for one in message.history if one.content})
    return found


@pytest.mark.parametrize("batch", BATCHES)
def test_copies_that_meet_break_no_rule(batch: int) -> None:
    """A placeholder gives way to the root it stands for, and what was assumed to what was told."""
    for seed in range(batch * SEEDS, (batch + 1) * SEEDS):
        view = _united(*_copies(seed))
        broken = [(one.code, one.detail) for one in check_all(view).values() if one.severity == "violation"]
        assert broken == [], seed
        text = render(view)
        assert not text or render(_united(migrate(text))) == text, seed


@pytest.mark.parametrize("batch", BATCHES)
def test_no_edit_is_lost_and_no_message_stands_twice(batch: int) -> None:
    """Every text of every copy is there, in no more messages than in the copy that has it most often."""
    for seed in range(batch * SEEDS, (batch + 1) * SEEDS):
        copies = _copies(seed)
        apart = [_texts(_united(one)) for one in copies]
        together = _texts(_united(*copies))
        for text in set().union(*apart):
            assert together[text] == max(one[text] for one in apart), (seed, text)
