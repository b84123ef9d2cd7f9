"""Every source is of one format, or refused with a reason; and migrating it depends on its bytes alone."""

from __future__ import annotations

import pytest

from chatdoc.model.errors import UnreadableFile
from chatdoc.model.facts import DocumentFact
from migrate import migrate, sniff

CHAT = b'{"date":"2024-05-01T10:00:00.000Z","event":"chat","sender_id":"ada","history":[]}'
NATIVE = b'{"event":"document","document_id":"01HWSSN5E0909MJK8KFRB33EX3","schema_version":2}'


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (b"", "empty"),
        (b"\n \r\n\t\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (CHAT, "cocalc"),
        (b"\n" + CHAT, "cocalc"),
        (b"\xef\xbb\xbf" + CHAT + b"\r\n", "cocalc"),
        (b"<<<<<<< HEAD\n" + CHAT, "cocalc"),
        (CHAT[:40], "cocalc"),
        (b'{"corrupt":"x"}', "cocalc"),
        (b'{"event":"video","video":{}}', "cocalc"),
        (NATIVE, "v2"),
        (b"garbage\n" + NATIVE, "v2"),
        (b'{"messages":[],"users":{}}', "jupyter"),
    ],
)
def test_a_source_is_of_one_format(source: bytes, name: str) -> None:
    """Whatever stands around its first row."""
    assert sniff(source) == name
    assert migrate(source).report.format == name


@pytest.mark.parametrize(
    ("source", "total"), [(b"", 0), (b"\n", 1), (b" ", 1), (b"\n \n", 2), (b"\n\r\n ", 3)]
)
def test_blank_lines_are_counted(source: bytes, total: int) -> None:
    """With or without a line end after the last."""
    lines = migrate(source).report.lines
    assert (lines["total"], lines["blank"]) == (total, total)


@pytest.mark.parametrize(
    "source",
    [
        b"hello",
        b"\x89PNG\r\n\x1a\n",
        b"{}",
        b"[]",
        b'{"cells":[],"nbformat":4}',
        b"\xff\xfe\x00",
        b"{" * 9999,
    ],
)
def test_what_is_no_chat_is_refused(source: bytes) -> None:
    """With its beginning in the message and a word on what to do; it is never an empty chat."""
    with pytest.raises(UnreadableFile, match="expected a chat") as caught:
        migrate(source)
    assert caught.value.hint
    assert str(len(source)) in str(caught.value)


def test_equal_bytes_are_the_same_document() -> None:
    """And others another one; the facts come in one order, each once."""
    one, same, other = migrate(CHAT), migrate(CHAT), migrate(CHAT + b"\n")
    assert (one.facts, one.document_id) == (same.facts, same.document_id)
    assert one.document_id != other.document_id
    assert [fact.field for fact in one.facts if isinstance(fact, DocumentFact)] == [
        "document_id",
        "migration",
        "schema_version",
    ]
    assert migrate(NATIVE).document_id == "01HWSSN5E0909MJK8KFRB33EX3"


def test_the_report_counts_lines_and_facts() -> None:
    """The lines add up, and the counts are those of the facts."""
    made = migrate(b"\n".join([CHAT, b"", b"{", b'{"event":"draft"}', CHAT]))
    assert made.report.lines == {
        "total": 5,
        "blank": 1,
        "record": 1,
        "attic": 1,
        "quarantined": 1,
        "duplicate": 1,
    }
    assert {name: count for name, count in made.report.counts.items() if count} == {
        "threads": 1,
        "messages": 1,
        "attic": 2,
    }
