"""Every record, revision and change has an id of its own: a ULID, minted above what was seen or derived from content.

ULID: 48 bits of milliseconds, 80 bits of randomness, 26 characters of Crockford base32 (github.com/ulid/spec).
Ids that older software gave as UUIDs are kept as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, NewType

from chatdoc.model.clock import Clock
from chatdoc.model.deferred_module import DeferredModule

if TYPE_CHECKING:
    import ulid
else:
    ulid = DeferredModule("ulid")

DocumentId = NewType("DocumentId", str)
ThreadId = NewType("ThreadId", str)
MessageId = NewType("MessageId", str)
RevisionId = NewType("RevisionId", str)
Stamp = NewType("Stamp", str)
"""A ULID that orders the changes of one field; greater wins, whatever the clock says."""
CommandId = NewType("CommandId", str)

RandomSource = Callable[[int], bytes]
"""Returns that many random bytes: `os.urandom`, or `random.Random(seed).randbytes`."""

STAMP_MS_END = 4_102_444_800_000
"""2100-01-01: no change may be stamped from here on, so nobody can write the last word."""

ULID_PATTERN = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"
UUID_PATTERN = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_ULID = re.compile(ULID_PATTERN)
_ID = re.compile(f"(?:{ULID_PATTERN})|(?:{UUID_PATTERN})")

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_FORTY = (1 << 40) - 1
_NUMBERS = {pair: number for number, pair in enumerate(_PAIRS)}


def is_ulid(text: str) -> bool:
    """Whether the text is a ULID in its canonical, upper-case spelling."""
    return _ULID.fullmatch(text) is not None


def is_id(text: str) -> bool:
    """Whether a record may carry this id: a canonical ULID, or a UUID from older software."""
    return _ID.fullmatch(text) is not None


def time_ms(id_or_stamp: str) -> int:
    """The milliseconds in a ULID's first ten characters."""
    return _number(id_or_stamp[:10])


def derive(kind: str, ms: int, *parts: str) -> str:
    """The same ULID for the same kind, millisecond and parts, in every process, for ever.

    The random part is the first 80 bits of SHA-256 over the kind and the parts, each with its length before it,
    so no two lists of parts share a hash input. `ms` is clamped to 1970 to 2099: peers refuse a stamp beyond.
    """
    told = kind
    for part in parts:
        told = f"{told}\x00{len(part)}:{part}"
    random = sha256(told.encode("utf-8", "surrogatepass")).digest()
    if not 0 <= ms < STAMP_MS_END:
        ms = min(max(ms, 0), STAMP_MS_END - 1)
    return (
        f"{_time(ms)}{_eight(int.from_bytes(random[:5], 'big'))}{_eight(int.from_bytes(random[5:10], 'big'))}"
    )


def derive_ordered(ms: int, place: str) -> str:
    """The same ULID for the same millisecond and place, for ids that are many and only ever compared with each other.

    Its random part is spelled by the first 16 hex digits of the place's SHA-256: 64 bits, at a quarter of what
    `derive` costs.
    """
    return _time(min(max(ms, 0), STAMP_MS_END - 1)) + sha256(place.encode()).hexdigest()[:16].upper()


def _time(ms: int) -> str:
    return (
        f"{_PAIRS[ms >> 40]}{_PAIRS[ms >> 30 & 1023]}{_PAIRS[ms >> 20 & 1023]}{_PAIRS[ms >> 10 & 1023]}"
        f"{_PAIRS[ms & 1023]}"
    )


def successor(id_or_stamp: str) -> str:
    """The next greater ULID; for two writers who saw the same one it is the same."""
    low = _number(id_or_stamp[18:])
    if low < _FORTY:
        return id_or_stamp[:18] + _eight(low + 1)
    return _spell(_number(id_or_stamp) + 1)


class Mint:
    """Fresh ULIDs from a passed clock and random source, each greater than the last, also within a millisecond."""

    def __init__(self, clock: Clock, random: RandomSource) -> None:
        self._clock = clock
        self._random = random
        self._last = ""

    def mint(self, above: str = "") -> str:
        """A fresh ULID, greater than every one minted here before and than `above` (empty: no further bound).

        Above a stamp from the future it jumps by a random step, so two writers who saw the same one still differ;
        such a stamp does not drag the ids of other records into the future.
        """
        now = self._clock()
        if not isinstance(now, int):
            raise TypeError(
                f"the clock gave {type(now).__name__}, expected milliseconds since 1970 as an int"
            )
        ms = min(max(now, 0), STAMP_MS_END - 1)
        fresh = _time(ms) + _encode_randomness()(self._random(10))
        if fresh <= self._last:
            fresh = successor(self._last)
        self._last = fresh
        if fresh > above:
            return fresh
        return _spell(_number(above) + 1 + int.from_bytes(self._random(5), "big"))


@cache
def _encode_randomness() -> Callable[[bytes], str]:
    """Found with the first fresh id: loading ulid-py takes as long as opening a small document."""
    encode: Callable[[bytes], str] = ulid.base32.encode_randomness
    return encode


def _spell(number: int) -> str:
    # Small numbers are shifted faster.
    return f"{_time(number >> 80)}{_eight(number >> 40 & _FORTY)}{_eight(number & _FORTY)}"


def _eight(number: int) -> str:
    return f"{_PAIRS[number >> 30]}{_PAIRS[number >> 20 & 1023]}{_PAIRS[number >> 10 & 1023]}{_PAIRS[number & 1023]}"


def _number(spelled: str) -> int:
    number = 0
    for place in range(0, len(spelled), 2):
        number = number << 10 | _NUMBERS[spelled[place : place + 2]]
    return number


STAMP_END = _spell(STAMP_MS_END << 80)
"""The first ULID of 2100: every stamp is smaller."""
