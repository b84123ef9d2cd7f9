"""Every spelling of an instant is that instant, and what is none is nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatdoc.model.clock import MS_MAX, iso
from migrate.cocalc.dates import canonical_ms, is_canonical, read_date

T0 = 1_714_557_600_000


@pytest.mark.parametrize(
    "spelled",
    [
        "2024-05-01T10:00:00.000Z",
        "2024-05-01T10:00:00Z",
        "2024-05-01T12:00:00.000+02:00",
        "2024-05-01T07:00:00-03:00",
        "2024-05-01 10:00:00",
        " 2024-05-01T10:00:00.000999Z ",
        T0,
        float(T0) + 0.75,
        str(T0),
        f"{T0}.75",
        f"+{T0}",
    ],
)
def test_every_spelling_is_one_instant(spelled: Any) -> None:
    """Offsets count, fractions of a millisecond are cut, numbers and digits are milliseconds."""
    assert read_date(spelled) == T0


@pytest.mark.parametrize(
    "spelled",
    [
        None, True, False, "", "yesterday", "session_name:s1", [], {}, float("nan"), float("inf"), -1, "-1",
        MS_MAX + 1, 10**30, "9" * 18, "1969-12-31T23:59:59.999Z", "2024-02-30T00:00:00.000Z",
        "2024-05-01T24:00:00.000Z", "2024-05-01T24:00", "2024-05-01T10:00:00. 00Z", "\uff12024-05-01T10:00:00.00Z",
    ],
)  # fmt: skip
def test_what_is_no_date_is_nothing(spelled: Any) -> None:
    """Dates that no document can spell are none either; hour 24, which only some Pythons take, is none for all."""
    assert read_date(spelled) is None


@given(st.integers(0, MS_MAX))
def test_the_one_spelling_is_read_back(ms: int) -> None:
    """What a document writes is read back to the millisecond, by the fast way and by the other."""
    text = iso(ms)
    assert is_canonical(text)
    assert canonical_ms(text) == ms == read_date(f" {text}")


@given(
    st.from_regex(r"[0-9 +-]{4}-[0-9 ]{2}-[0-9]{2}T[0-9:+]{2}:[0-9]{2}:[0-9]{2}\.[0-9 +]{3}Z", fullmatch=True)
)
def test_the_fast_way_takes_no_other_spelling(text: str) -> None:
    """A text of the right shape is that spelling, or no date at all."""
    if is_canonical(text) and (ms := canonical_ms(text)) is not None:
        assert iso(ms) == text
