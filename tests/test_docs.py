"""The pages in `docs/` name what is there: every room on its floor, and files that exist."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from tests.tidy.floors import FLOORS
from tests.tidy.source import PROJECT

PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md")])


def test_the_table_of_floors_names_every_room_from_the_ground_up() -> None:
    """The page gathers floors, but puts no room below one that it stands on."""
    page = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = {
        room: int(number)
        for number, rooms in re.findall(r"^\| (\d+) \| ([^|]*) \|", page, re.MULTILINE)
        for room in re.findall(r"`([\w.]+)/?`", rooms)
    }
    rooms = [[one.removeprefix("chatdoc.") for one in floor] for floor in FLOORS]
    assert {one for floor in rooms for one in floor} == named.keys()
    places = [[named[one] for one in floor] for floor in rooms]
    for below, above in itertools.pairwise(places):
        assert max(below) <= min(above)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    """Every relative link of a page is a file of the project."""
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_that_are_named_are_there(page: Path) -> None:
    """Whatever looks like a Python file of the project, and is no pattern, is one."""
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`((?:chatdoc|tests|docs|invariants|migrate|benchmarks)/[\w/.]+\.py)`", text)
    assert not [path for path in named if not (PROJECT / path).exists()]
