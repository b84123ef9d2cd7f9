"""Figures on the page are those that were measured last, and the curves are a picture."""

from __future__ import annotations

from xml.etree import ElementTree

from benchmarks.curves import PICTURE, drawn
from benchmarks.report import BEGIN, END, PAGE, load, table


def test_the_page_says_what_was_measured() -> None:
    """Every figure of the table stands in `benchmarks/results.json`, and none of those is left out."""
    page = PAGE.read_text(encoding="utf-8")
    shown = page.partition(BEGIN)[2].partition(END)[0]
    assert shown == table(load())
    assert len(shown.splitlines()) > 15


def test_a_figure_that_was_edited_is_noticed() -> None:
    """One digit is enough."""
    found = load()
    before = table(found)
    next(iter(found.values()))[0]["ours"] += 1
    assert table(found) != before


def test_curves_are_a_picture() -> None:
    """The one that is kept, and one that is drawn now: whole XML with a line for each cost."""
    points = {"a": [(10, 0.1), (100, 0.2)], "b": [(10, 1e-5), (100, 2e-5)]}
    for picture in (PICTURE.read_text(encoding="utf-8"), drawn(points)):
        root = ElementTree.fromstring(picture)
        assert len(root.findall("{http://www.w3.org/2000/svg}polyline")) >= 2
