"""Time comes from outside, in milliseconds, and is written in one spelling."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

Clock = Callable[[], int]
"""Returns the present as milliseconds since 1970-01-01T00:00:00Z."""

EPOCH = "1970-01-01T00:00:00.000Z"
MS_MAX = 253_402_300_799_999
"""The last millisecond of the year 9999, the last one ISO 8601 spells with four digits."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_DAY_S = 86_400


def system_clock() -> int:
    """The machine's present, in milliseconds."""
    return time.time_ns() // 1_000_000


def monotonic_us() -> int:
    """Microseconds of a clock that only goes forward, to measure how long something took."""
    return time.perf_counter_ns() // 1000


@lru_cache(maxsize=256)
def iso(ms: int) -> str:
    """`YYYY-MM-DDTHH:MM:SS.mmmZ`, the only spelling of a date in a document; such texts sort like their instants.

    Raises ValueError outside the years 1970 to 9999.
    """
    if not 0 <= ms <= MS_MAX:
        raise ValueError(f"expected milliseconds from 1970 to 9999 (0 to {MS_MAX}), got {ms}")
    seconds, fraction = divmod(ms, 1000)
    return f"{_second(seconds)}.{fraction:03d}Z"


@lru_cache(maxsize=256)
def _second(seconds: int) -> str:
    days, rest = divmod(seconds, _DAY_S)
    minutes, second = divmod(rest, 60)
    hour, minute = divmod(minutes, 60)
    return f"{_day(days)}T{hour:02d}:{minute:02d}:{second:02d}"


@lru_cache(maxsize=4096)
def _day(days: int) -> str:
    return f"{_EPOCH + timedelta(days=days):%Y-%m-%d}"


def ms_of(date: str) -> int:
    """Milliseconds of an ISO 8601 date with any offset, finer fractions cut; a date without offset is UTC.

    Raises ValueError for anything else.
    """
    moment = datetime.fromisoformat(date)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MS
