"""Every golden case: what a source becomes, what is reported of it, and that it stays so.

A case is a folder of `golden/migrate` with `source.<ext>`, `expected.chat` and `expected-report.json`, or with
`source.<ext>` and `expected-error.txt` for bytes that are refused. `make golden` shows what differs, `make bless`
writes what came out; the difference is read before it is committed.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from chatdoc.crdt.keys import decode, encode, key_problem
from chatdoc.model.errors import UnreadableFile
from chatdoc.model.facts import DocumentFact, Fact
from chatdoc.model.view.apply import apply, canonical
from chatdoc.model.view.view import View
from invariants.full import check_all
from migrate import migrate, sniff
from migrate.v2.write import render
from tests.conftest import Golden
from tests.tidy.source import PROJECT

CASES = PROJECT / "golden" / "migrate"
CASES_MIN = 40
FOLDERS = sorted(path for path in CASES.iterdir() if path.is_dir())
REFUSED = [folder for folder in FOLDERS if (folder / "expected-error.txt").exists()]
READ = [folder for folder in FOLDERS if folder not in REFUSED]


def source_of(folder: Path) -> bytes:
    """The bytes of a case's source."""
    (path,) = folder.glob("source.*")
    return path.read_bytes()


def view_of(facts: list[Fact]) -> View:
    """The view of these facts."""
    view = View()
    apply(view, facts, origin="migration")
    return view


def named(folder: Path) -> str:
    """A case's name."""
    return folder.name


def test_there_are_enough_cases() -> None:
    """The formats and damages found in the field are covered by so many cases at least."""
    assert len(FOLDERS) >= CASES_MIN


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_source_becomes_what_is_expected(folder: Path, golden: Golden) -> None:
    """Text and report, or the refusal, are the blessed ones, byte for byte."""
    source = source_of(folder)
    try:
        made = migrate(source)
    except UnreadableFile as error:
        golden(folder / "expected-error.txt", f"{error}\n".encode())
        return
    golden(folder / "expected.chat", render(view_of(made.facts)))
    golden(folder / "expected-report.json", made.report.to_json())


@pytest.mark.parametrize("folder", READ, ids=named)
def test_no_rule_is_broken(folder: Path) -> None:
    """What came out passes the full check."""
    found = check_all(view_of(migrate(source_of(folder)).facts)).values()
    assert [(one.code, one.subject) for one in found if one.severity == "violation"] == []


@pytest.mark.parametrize("folder", READ, ids=named)
def test_every_fact_is_one_that_peers_take(folder: Path) -> None:
    """Each fact has a place in the Y document and is read back from there as it was."""
    for fact in migrate(source_of(folder)).facts:
        root, key, text = encode(fact)
        assert key_problem(root, key) is None
        assert decode(root, key, text) == fact


@pytest.mark.parametrize("folder", READ, ids=named)
def test_second_migration_changes_nothing(folder: Path) -> None:
    """The expected text migrated again is itself, and adds no fact to the first migration's."""
    first = migrate(source_of(folder))
    text = render(view_of(first.facts))
    if text:
        again = migrate(text)
        assert render(view_of(again.facts)) == text
        assert again.report.anomalies == ()
        assert render(view_of([*first.facts, *again.facts])) == text


@pytest.mark.parametrize("folder", [one for one in READ if sniff(source_of(one)) != "jupyter"], ids=named)
def test_order_of_lines_has_no_meaning(folder: Path) -> None:
    """The lines in any order give the same facts, but for the document's own id."""
    source = source_of(folder)
    lines = source.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    expected = {canonical(fact) for fact in migrate(source).facts if not isinstance(fact, DocumentFact)}
    dice = random.Random(3)
    for _ in range(3):
        dice.shuffle(lines)
        shuffled = migrate(b"\n".join(lines)).facts
        assert {canonical(fact) for fact in shuffled if not isinstance(fact, DocumentFact)} == expected


@pytest.mark.parametrize("folder", READ, ids=named)
def test_every_line_is_accounted_for(folder: Path) -> None:
    """The report's lines add up to those of the source."""
    source = source_of(folder)
    report = migrate(source).report
    if report.format != "jupyter":
        lines = source.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        assert report.lines["total"] == len(lines) - (not lines[-1])
