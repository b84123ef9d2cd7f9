"""The ids of upgrade steps are gapless, and a gap is seen when the package is imported."""

from __future__ import annotations

import pytest

from migrate import migrate
from migrate.steps import STEPS, gapless


@pytest.mark.parametrize("form", STEPS)
def test_steps_of_a_format_are_gapless(form: str) -> None:
    """They are numbered from 1."""
    assert STEPS[form]
    assert gapless(form, STEPS[form])


@pytest.mark.parametrize(
    "steps",
    [("cocalc/0002-rows",), ("cocalc/0001-rows", "cocalc/0003-names"), ("v2/0001-rows",), ("cocalc/0001-",)],
    ids=["begins late", "gap", "of another format", "nameless"],
)
def test_gap_is_seen(steps: tuple[str, ...]) -> None:
    """A step that is missing, foreign or without a name is no step of the format."""
    assert not gapless("cocalc", steps)


def test_report_names_the_steps_that_ran() -> None:
    """So that a document says what was done to make it."""
    made = migrate(b'{"event":"chat","date":0,"sender_id":"x","history":[]}')
    assert made.report.steps == STEPS["cocalc"]


def test_blank_lines_are_told_apart_at_once() -> None:
    """A file of many blank lines, with a mark before them or not, is empty; one row below them is found."""
    blank = b"\n" * 200_000
    assert migrate(blank).report.format == "empty"
    assert migrate(b"\xef\xbb\xbf" + blank).report.format == "empty"
    assert migrate(blank + b'{"event":"chat","date":0,"sender_id":"x"}').report.format == "cocalc"
