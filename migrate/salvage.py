"""Salvage of damaged JSON lines: whole JSON objects in one line are found again, and what is not whole is named.

Two records weld into one line where a program appends to a file whose last line had no LF; runs of NUL are what some
file systems leave of a write that a power failure cut. An object is taken only where the grammar says that a new one
began, so what lies inside a torn record is never taken for a record of its own.
"""

from __future__ import annotations

from json import JSONDecodeError, JSONDecoder

import msgspec

TRIES_MAX = 64
"""A line with more broken places than this keeps the rest as lost, so that no line costs more than linear time."""

_raw_decode = JSONDecoder().raw_decode
_decode = msgspec.json.decode


class Salvaged(msgspec.Struct, frozen=True, kw_only=True):
    """The whole objects of a line in their order, the pieces that are none, and whether NULs stood between them."""

    values: tuple[bytes, ...] = ()
    lost: tuple[bytes, ...] = ()
    nul_bytes: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing but NULs and blanks was lost."""
        return not self.lost


def salvage(raw: bytes) -> Salvaged:
    """What can be read of one line that is not one JSON value; nothing for a record that is merely torn."""
    values: list[bytes] = []
    lost: list[bytes] = []
    for piece in raw.split(b"\x00"):
        if piece.strip():
            _take(piece.strip(), values, lost)
    return Salvaged(values=tuple(values), lost=tuple(lost), nul_bytes=raw.count(b"\x00"))


def _take(piece: bytes, values: list[bytes], lost: list[bytes]) -> None:
    """Read objects from the front; where one breaks off, go on at the object that broke in on it."""
    text = piece.decode(
        "latin-1"
    )  # One character a byte: JSON's own signs are ASCII, so places are places of bytes.
    start = 0
    for _ in range(TRIES_MAX):
        while start < len(text) and text[start] in " \t\r":
            start += 1
        if start == len(text):
            return
        end, broken = _end_of(text, start)
        if end:
            (values if _is_object(piece[start:end]) else lost).append(piece[start:end])
            start = end
            continue
        place = text.rfind('{"', start + 1, broken + 2) if broken is not None else -1
        if place < 0:
            break
        lost.append(piece[start:place])
        start = place
    lost.append(piece[start:])


def _end_of(text: str, start: int) -> tuple[int, int | None]:
    """Where the value ends; 0 and the place of the error where there is none, and no place for one that is torn."""
    try:
        return _raw_decode(text, start)[1], None
    except JSONDecodeError as error:
        torn = error.pos >= len(text) or error.msg.startswith("Unterminated")
        return 0, None if torn else error.pos
    except (RecursionError, ValueError):
        return 0, None


def _is_object(raw: bytes) -> bool:
    try:
        return isinstance(_decode(raw), dict)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
