"""Every golden session log: what its lines become, what is counted of it, and that it stays so.

A case is a folder of `golden/sessions` with a log, `expected.json` and `expected.chat`; `make bless` writes what came
out. The logs are written by hand in the shapes of real ones; each holds a trap that others fell into.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc.crdt.keys import decode, encode, key_problem
from invariants.full import check_all
from migrate.session.item import SOURCES
from tests.conftest import Golden
from tests.migrate.sessions import logs

CASES_MIN = 28


def named(folder: Path) -> str:
    """A case's name."""
    return folder.name


def test_there_are_enough_cases() -> None:
    """The generations, forks and damages found in real logs are covered by so many cases at least."""
    assert len(logs.FOLDERS) >= CASES_MIN


@pytest.mark.parametrize("folder", logs.FOLDERS, ids=named)
def test_log_becomes_what_is_expected(folder: Path, golden: Golden) -> None:
    """Counts, notes and the text of the thread are the blessed ones, byte for byte."""
    stem, raw = logs.log_of(folder)
    weaver = logs.read(raw, stem)
    golden(folder / "expected.json", logs.summary(weaver))
    golden(folder / "expected.chat", logs.text_of(logs.view_of(weaver.woven.all_facts())))


@pytest.mark.parametrize("folder", logs.FOLDERS, ids=named)
def test_every_line_is_accounted_for(folder: Path) -> None:
    """The fates of all sessions of a log add up to its lines."""
    stem, raw = logs.log_of(folder)
    lines = raw.split(b"\n")
    counted = sum(sum(one.lines.values()) for one in logs.read(raw, stem).tallies())
    assert counted == len(lines) - (not lines[-1])


@pytest.mark.parametrize("folder", logs.FOLDERS, ids=named)
def test_no_rule_is_broken(folder: Path) -> None:
    """An imported thread passes the full check, diagnostics included."""
    stem, raw = logs.log_of(folder)
    found = check_all(logs.view_of(logs.read(raw, stem).woven.all_facts())).values()
    assert [(one.code, one.subject) for one in found] == []


@pytest.mark.parametrize("folder", logs.FOLDERS, ids=named)
def test_every_fact_is_one_that_peers_take(folder: Path) -> None:
    """Each fact has a place in the Y document and is read back from there as it was."""
    stem, raw = logs.log_of(folder)
    for fact in logs.read(raw, stem).woven.all_facts():
        root, key, text = encode(fact)
        assert key_problem(root, key) is None
        assert decode(root, key, text) == fact


@pytest.mark.parametrize("folder", logs.FOLDERS, ids=named)
def test_no_other_parser_reads_it(folder: Path) -> None:
    """The bytes name one source, and under a reader of another one nothing is taken for a text or a call."""
    stem, raw = logs.log_of(folder)
    own = logs.source_of(raw)
    assert own == folder.name.partition("-")[0]
    for other in SOURCES:
        if other != own:
            tallies = logs.read(raw, stem, other).tallies()
            assert sum(one.state.prompts + one.state.answers + one.state.calls for one in tallies) == 0
