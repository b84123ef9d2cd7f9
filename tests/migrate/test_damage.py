"""A file that was changed anywhere is read without losing a word, or refused; nothing else ever happens."""

from __future__ import annotations

import pytest

from chatdoc.crdt import keys
from chatdoc.model.errors import UnreadableFile
from chatdoc.model.view.apply import apply
from chatdoc.model.view.view import View
from invariants.full import check_all
from migrate import Migration, migrate
from migrate.v2.write import render
from tests.migrate.damage import damaged
from tests.migrate.lost import lost_words

BATCHES = range(6)
SEEDS = 400
"""To a batch."""


def _migrations(batch: int) -> list[tuple[int, bytes, Migration]]:
    found = []
    for seed in range(batch * SEEDS, (batch + 1) * SEEDS):
        source = damaged(seed)
        try:
            found.append((seed, source, migrate(source)))
        except UnreadableFile:
            continue
    return found


def _view(made: Migration) -> View:
    view = View()
    apply(view, made.facts, origin="migration")
    return view


@pytest.mark.parametrize("batch", BATCHES)
def test_whatever_is_read_breaks_no_rule_and_is_a_fixed_point(batch: int) -> None:
    """Nothing but a refusal is raised; peers take every fact; the text of the result is read back to itself."""
    for seed, _, made in _migrations(batch):
        view = _view(made)
        broken = [(one.code, one.detail) for one in check_all(view).values() if one.severity == "violation"]
        assert broken == [], seed
        for fact in made.facts:
            root, key, text = keys.encode(fact)
            assert keys.key_problem(root, key) is None, seed
            assert keys.decode(root, key, text) is not None, seed
        text = render(view)
        assert not text or render(_view(migrate(text))) == text, seed


@pytest.mark.parametrize("batch", BATCHES)
def test_no_word_of_a_row_is_lost(batch: int) -> None:
    """Each is in a fact, or its line is kept word for word."""
    for seed, source, made in _migrations(batch):
        if made.report.format.startswith("cocalc"):
            assert list(lost_words(source, made.facts)) == [], seed


def test_the_oracle_misses_what_is_lost() -> None:
    """It finds every word that a migration would drop, so it can be trusted when it finds none."""
    source = b'{"event":"chat","date":0,"sender_id":"ada","x":{"y":[7]},"history":[{"author_id":"bob","content":"hi"}]}'
    made = migrate(source)
    assert list(lost_words(source, made.facts)) == []
    assert [one.split(" = ")[0].split(": ")[1] for one in lost_words(source, [])] == [
        "date",
        "sender_id",
        "x.y.0",
        "history.0.author_id",
        "history.0.content",
    ]
