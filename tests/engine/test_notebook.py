"""What a notebook shows of a document, a thread and a report is a table in which nothing acts."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from chatdoc import open_document
from chatdoc.model.html_table import CELL_LENGTH_MAX, ROWS_MAX
from chatdoc.model.ids import MessageId
from invariants.report import report_of
from invariants.rule import Violation

EVIL = '<img src=x onerror="alert(1)"></td><script>alert(2)</script>\u202e&amp;'
ALLOWED = {"table", "caption", "thead", "tbody", "tr", "th", "td"}


class Parsed(HTMLParser):
    """Elements and texts of a page; anything that could act fails the test."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Only a table's own elements, without attributes but how wide a cell is."""
        assert tag in ALLOWED
        assert {name for name, _ in attrs} <= {"colspan"}

    def handle_data(self, data: str) -> None:
        """Notes a text."""
        self.texts.append(data)


def test_document_and_thread_show_what_they_hold_and_none_of_it_acts(tmp_path: Path) -> None:
    """Names that are markup are text, and a mark that turns the direction of writing can be seen."""
    with open_document(tmp_path / "team.chat") as document:
        thread = document.create_thread(sender_id=EVIL, content="Hello", name=EVIL)
        document.send(thread.thread_id, sender_id="ada", content="Hi")
        page, of_thread = document._repr_html_(), thread._repr_html_()
    shown = Parsed(page).texts
    assert "team.chat: 1 threads, integrity clean" in shown
    assert {thread.thread_id, "2"} <= set(shown)
    assert any(one.startswith("<img") and "⟨U+202E⟩" in one for one in shown)
    assert {"root_message_id", thread.root_message_id} <= set(Parsed(of_thread).texts)


def test_report_shows_each_finding_and_how_many_more_there_are() -> None:
    """A hundred rows at most, and cells of bounded length."""
    found = {
        ("orphan_message", f"{number:03}"): Violation(
            code="orphan_message", subject=MessageId(f"{number:03}"), detail=EVIL + "x" * 1000
        )
        for number in range(ROWS_MAX + 5)
    }
    shown = Parsed(report_of(found)._repr_html_()).texts
    assert f"Integrity: {ROWS_MAX + 5} violations" in shown
    assert shown[-1] == "and 5 more"
    assert max(map(len, shown)) < CELL_LENGTH_MAX + 20


def test_clean_report_says_so() -> None:
    """In words, without an empty table."""
    assert Parsed(report_of({})._repr_html_()).texts == ["Integrity: clean"]
