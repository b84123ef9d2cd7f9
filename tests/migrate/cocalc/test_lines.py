"""Every line is a row, a blank or a problem, in words that stay the same."""

from __future__ import annotations

import pytest

from migrate.lines import attic_row, raw_lines, read_line, read_lines, with_whole_characters


def test_marks_and_line_ends_are_no_part_of_a_line() -> None:
    """A byte order mark, carriage returns, a missing last line end and blank lines are understood."""
    assert raw_lines(b'\xef\xbb\xbf{}\r\n\n  \n{"a":1}') == [b"{}", b"", b"  ", b'{"a":1}']
    assert raw_lines(b"{}\n") == [b"{}"]
    assert raw_lines(b"") == []
    assert [one.row for one in read_lines(b'\n \r\n{"a":1}')] == [None, None, {"a": 1}]


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"null", "expected a JSON object, got null"),
        (b"[{}]", "expected a JSON object, got list"),
        (b"{", "no JSON"),
        (b'{"a":NaN}', "no JSON"),
        (b'{"a":1e400}', "no JSON"),
        (b"{} {}", "no JSON"),
        (b"\x00", "no JSON"),
        (b'{"a":"\xff"}', "byte 6 of the line is no UTF-8"),
    ],
)
def test_a_line_that_is_no_row_says_why(raw: bytes, problem: str) -> None:
    """The reason becomes part of a fact, so it says nothing that another version of a library would say otherwise."""
    line = read_line(3, raw)
    assert (line.number, line.row, line.problem) == (3, None, problem)
    assert attic_row(line, "line", line.problem).reason == problem


def test_a_line_that_is_no_utf_8_can_be_had_again() -> None:
    """What is escaped can be told from what looked like an escape before."""
    kept = attic_row(read_line(1, b"\xff \\xff"), "line", "x")
    assert (kept.text, kept.encoding) == ("\\xff \\x5cxff", "escaped")


@pytest.mark.parametrize("line_break", ["\u2028", "\u2029", "\x85", "\x0b", "\x1c"])
def test_only_a_line_feed_ends_a_line(line_break: str) -> None:
    """Other characters that some programs take for line ends are text."""
    raw = f'{{"a":"x{line_break}y"}}'.encode()
    found = list(read_lines(raw))
    if line_break < " ":
        assert [one.problem for one in found] == ["no JSON"]
    else:
        assert [one.row for one in found] == [{"a": f"x{line_break}y"}]


def test_keys_that_stand_twice_are_named() -> None:
    """At any depth, each once."""
    assert read_line(1, b'{"a":1,"b":{"c":1,"c":2},"a":2,"a":3}').repeated == ("c", "a")
    assert read_line(1, b'{ "a" : "\\u0041" }').repeated == ()


def test_halves_of_characters_become_a_mark() -> None:
    """The rest of the row is read; a whole pair is its character; a line that is broken besides is no row."""
    line = with_whole_characters(read_line(1, b'{"a":"x\\ud83d","\\uDE00":"\\ud83d\\ude00"}'))
    assert line is not None
    assert line.row == {"a": "x\ufffd", "\ufffd": "\U0001f600"}
    assert with_whole_characters(read_line(1, b'{"a":"\\ud83d"')) is None
    assert with_whole_characters(read_line(1, b'{"a":"\\ud83d","b":NaN}')) is None
    assert with_whole_characters(read_line(1, b"[]")) is None
