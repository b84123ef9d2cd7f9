"""Numbers and texts have one encoding, and only that is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatdoc.crdt import lib0
from chatdoc.model.errors import UpdateRefused
from tests.crdt import crafting


@given(st.integers(0, 2**53 - 1), st.binary(max_size=3))
def test_a_number_comes_back(value: int, rest: bytes) -> None:
    """Every number up to the greatest client id is read from what is written, whatever follows."""
    raw = lib0.number(value)
    assert raw == crafting.number(value)
    assert lib0.read_number(b"\x05" + raw + rest, 1, 2**53, "a number") == (value, 1 + len(raw))


@given(st.binary(max_size=12), st.integers(1, 2**53))
def test_bytes_are_a_number_in_its_one_form_or_refused(raw: bytes, end: int) -> None:
    """What is read below a bound is below it, and writing it again gives the bytes that were read."""
    try:
        value, at = lib0.read_number(raw, 0, end, "a number")
    except UpdateRefused:
        return
    assert value < end
    assert lib0.number(value) == raw[:at]


@pytest.mark.parametrize("end", [1, 2, 127, 128, 129, 300, 2**31, 2**53])
def test_a_bound_excludes_itself(end: int) -> None:
    """One below the bound is read, the bound is not."""
    assert lib0.read_number(lib0.number(end - 1), 0, end, "a number")[0] == end - 1
    with pytest.raises(UpdateRefused, match=f"a number below {end}, came {end} or more"):
        lib0.read_number(lib0.number(end), 0, end, "a number")


@given(st.text(), st.binary(max_size=3))
def test_a_text_comes_back(text: str, rest: bytes) -> None:
    """Every text without lone surrogates is read, whatever follows."""
    raw = crafting.string(text)
    assert lib0.read_text(raw + rest, 0, 10_000, "a text") == (text, len(raw))


@pytest.mark.parametrize("raw", [b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"a\x80", b"\xe2\x80"])
def test_what_is_no_utf8_is_refused(raw: bytes) -> None:
    """Lone surrogates, padded, too great, stray and cut characters are refused."""
    with pytest.raises(UpdateRefused, match="expected a key in UTF-8"):
        lib0.read_text(crafting.string(raw), 0, 99, "a key")
