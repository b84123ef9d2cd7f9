"""A lenient reader of one Yjs item of any kind: it says the kind and where the item ends, and keeps nothing of it."""

from __future__ import annotations

from typing import NamedTuple

from chatdoc.crdt.lib0 import CLIENT_END, CLOCK_END, read_number
from chatdoc.model.errors import UpdateRefused

_DEPTH_MAX = 64
_NAME_LENGTH_MAX = 200
_KINDS = ("GC", "Deleted", "JSON", "Binary", "String", "Embed", "Format", "Type", "Any", "Doc", "Skip")
_TYPES = ("Array", "Map", "Text", "XmlElement", "XmlFragment", "XmlHook", "XmlText")
_NAMED_TYPES = (3, 5)
_FLOAT_SIZES = {124: 4, 123: 8, 122: 8}
_EMPTY = (127, 126, 121, 120)
_VALUES = {
    127: "undefined",
    126: "null",
    125: "integer",
    124: "float",
    123: "float",
    122: "bigint",
    121: "boolean",
    120: "boolean",
    119: "string",
    118: "object",
    117: "array",
    116: "bytes",
}


class Foreign(NamedTuple):
    """An item that is none of ours: its kind in a word, its length in clocks, its place if it names one."""

    kind: str
    length: int
    root: str | None
    key: str | None
    end: int
    """The offset behind it."""


def read_foreign(data: bytes, at: int) -> Foreign:
    """The item at an offset; raises UpdateRefused for a kind that Yjs itself does not write, or one that breaks off."""
    try:
        return _read(data, at)
    except (IndexError, UnicodeDecodeError, RecursionError) as error:
        raise UpdateRefused(
            f"expected an item of a Yjs update at byte {at}, came one that breaks off or is not UTF-8",
            hint="Send the whole state again",
        ) from error


def type_of_values(data: bytes, at: int) -> str:
    """The type of the value whose number, one, stands at an offset, or how many there are; nothing of what they say."""
    count, at = read_number(data, at, len(data) + 1, "a number of values")
    if count != 1:
        return f"{count} values" if count else "no value"
    return _VALUES.get(data[at], "unknown value") if at < len(data) else "no value"


def _read(data: bytes, at: int) -> Foreign:
    info, at = data[at], at + 1
    number_of = info & 0x1F
    if number_of >= len(_KINDS):
        raise UpdateRefused(f"expected an item of kind 0 to {len(_KINDS) - 1}, came kind {number_of}")
    kind = _KINDS[number_of]
    if kind in ("GC", "Skip"):
        length, at = read_number(data, at, CLOCK_END, "a length")
        return Foreign(kind, _some(length), None, None, at)
    root = key = None
    for flag in (0x80, 0x40):
        if info & flag:
            _, at = read_number(data, at, CLIENT_END, "the client id of an origin")
            _, at = read_number(data, at, CLOCK_END, "the clock of an origin")
    if not info & 0xC0:
        by_name, at = read_number(data, at, 2, "the kind of a parent")
        if by_name:
            root, at = _text(data, at)
        else:
            _, at = read_number(data, at, CLIENT_END, "the client id of a parent")
            _, at = read_number(data, at, CLOCK_END, "the clock of a parent")
        if info & 0x20:
            key, at = _text(data, at)
    kind, length, at = _content(data, at, number_of)
    return Foreign(kind, _some(length), _short(root), _short(key), at)


def _content(data: bytes, at: int, kind: int) -> tuple[str, int, int]:
    name = _KINDS[kind]
    if name == "Deleted":
        length, at = read_number(data, at, CLOCK_END, "a length")
        return name, length, at
    if name in ("JSON", "Any"):
        before = at
        length, at = read_number(data, at, len(data) - at + 1, "a number of values")
        for _ in range(length):
            at = _skip_text(data, at) if name == "JSON" else _skip_any(data, at, 0)
        return type_of_values(data, before) if name == "Any" else name, length, at
    if name == "String":
        text, at = _text(data, at)
        return name, len(text.encode("utf-16-le")) // 2, at
    if name == "Type":
        which, at = read_number(data, at, len(_TYPES), "a type")
        return f"Type {_TYPES[which]}", 1, _skip_text(data, at) if which in _NAMED_TYPES else at
    at = _skip_text(data, at)  # Binary, Embed, the key of Format, the id of Doc.
    if name == "Format":
        at = _skip_text(data, at)
    if name == "Doc":
        at = _skip_any(data, at, 0)
    return name, 1, at


def _skip_any(data: bytes, at: int, depth: int) -> int:
    if depth > _DEPTH_MAX:
        raise UpdateRefused(f"expected a value at most {_DEPTH_MAX} levels deep, came a deeper one")
    tag, at = data[at], at + 1
    if tag in _EMPTY:
        return at
    if tag in _FLOAT_SIZES:
        return _within(data, at + _FLOAT_SIZES[tag])
    if tag == 125:
        while data[at] & 0x80:
            at += 1
        return at + 1
    if tag in (119, 116):
        return _skip_text(data, at)
    if tag not in (118, 117):
        raise UpdateRefused(f"expected the tag of a value, came {tag}")
    count, at = read_number(data, at, len(data) - at + 1, "a number of values")
    for _ in range(count):
        if tag == 118:
            at = _skip_text(data, at)
        at = _skip_any(data, at, depth + 1)
    return at


def _skip_text(data: bytes, at: int) -> int:
    size, at = read_number(data, at, len(data) + 1, "a length")
    return _within(data, at + size)


def _text(data: bytes, at: int) -> tuple[str, int]:
    size, start = read_number(data, at, len(data) + 1, "a length")
    end = _within(data, start + size)
    return data[start:end].decode(), end


def _within(data: bytes, end: int) -> int:
    if end > len(data):
        raise IndexError(end)
    return end


def _some(length: int) -> int:
    if not length:
        raise UpdateRefused("expected an item of some length, came one of length 0")
    return length


def _short(text: str | None) -> str | None:
    return None if text is None else text[:_NAME_LENGTH_MAX]
