"""Updates are built here byte by byte, right or wrong, by an encoder that knows nothing of the guard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

ULID = "01JABCDEFGHJKMNPQRSTVWXYZ0"
DIGEST = "0123456789abcdef"
ROOT = "thread"
KEY = f"{ULID}/{DIGEST}"
"""A place of the layout."""


def number(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the top bit says that more follow."""
    head = []
    while value > 0x7F:
        head.append(value % 0x80 + 0x80)
        value //= 0x80
    return bytes([*head, value])


def string(value: str | bytes) -> bytes:
    """Length in bytes, then the bytes."""
    raw = value.encode() if isinstance(value, str) else value
    return number(len(raw)) + raw


def place(root: str | bytes = ROOT, key: str | bytes = KEY) -> bytes:
    """A parent by name, and the key in it."""
    return b"\x01" + string(root) + string(key)


def value(text: str | bytes = "{}") -> bytes:
    """One Any: a string."""
    return b"\x01\x77" + string(text)


def entry(text: str | bytes = "{}", *, root: str | bytes = ROOT, key: str | bytes = KEY) -> bytes:
    """An item that writes a place which it names."""
    return b"\x28" + place(root, key) + value(text)


def remains(length: int = 1, *, root: str = ROOT, key: str = KEY) -> bytes:
    """What remains of removed entries of a place which it names."""
    return b"\x21" + place(root, key) + number(length)


def after(client: int, clock: int, text: str = "{}", *, info: int = 0xA8) -> bytes:
    """An item that writes the place of an older item."""
    return bytes([info]) + number(client) + number(clock) + value(text)


def remains_after(client: int, clock: int, length: int = 1, *, info: int = 0xA1) -> bytes:
    """What remains of removed entries that followed an older item."""
    return bytes([info]) + number(client) + number(clock) + number(length)


def block(client: int, clock: int, *items: bytes, count: int | None = None) -> bytes:
    """One client's items from a clock on."""
    return number(len(items) if count is None else count) + number(client) + number(clock) + b"".join(items)


def deletes(ranges: Mapping[int, Iterable[tuple[int, int]]]) -> bytes:
    """A delete set: client -> (clock, length) ..."""
    raw = number(len(ranges))
    for client, pairs in ranges.items():
        pairs = list(pairs)
        raw += number(client) + number(len(pairs))
        raw += b"".join(number(clock) + number(length) for clock, length in pairs)
    return raw


def update(*blocks: bytes, removed: Mapping[int, Iterable[tuple[int, int]]] | None = None) -> bytes:
    """A whole update."""
    return number(len(blocks)) + b"".join(blocks) + deletes(removed or {})
