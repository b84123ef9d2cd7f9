"""No byte of a peer reaches pycrdt before this strict and complete reader has taken it as an update of our layout.

Of the Yjs update format, version 1, it takes map entries of one string under our roots with keys of our shapes,
what remains of removed entries, and deletes; that is all `keys.py` ever needs.
Everything else (nested types, garbage runs, skips, numbers, trailing bytes, ...) is refused as a whole.
Refusing nested values, garbage runs and huge clocks matters most: those panic, hang or kill a process.

    update  = number(blocks) block* deletes
    block   = number(items) number(client) number(clock) item*
    item    = 0x28 entry string | 0x21 entry number(length)              an entry, or what remains of one
            | (0xA8 | 0x88) origin string                                an entry continuing an older one
            | (0xA1 | 0x81) origin number(length)
    entry   = 0x01 text(root) text(key)
    origin  = number(client) number(clock)
    string  = 0x01 0x77 text
    deletes = number(clients) (number(client) number(ranges) (number(clock) number(length))*)*

The flag 0x20 says "has a key"; whoever merges updates without a document forgets it where an origin is named.
Entries of a map never have a right origin: both pycrdt and Yjs only ever append to the history of a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from chatdoc.crdt.keys import KEY_LENGTH_MAX, key_problem
from chatdoc.crdt.lib0 import CLIENT_END, CLOCK_END, number, read_number, read_text, refused
from chatdoc.crdt.origin_cycles import refuse_circle
from chatdoc.crdt.skip_item import read_foreign, type_of_values
from chatdoc.model import limits
from chatdoc.model.errors import RefusalCode, UpdateRefused

UPDATE_BYTES_MAX = limits.UPDATE_BYTES_MAX
VALUE_BYTES_MAX = limits.FACT_BYTES_MAX
ROOT_BYTES_MAX = 64

_ENTRY = 0x28
_ENTRY_REMOVED = 0x21
_CONTINUED = frozenset((0xA8, 0x88))
_CONTINUED_REMOVED = frozenset((0xA1, 0x81))
_ORIGIN_FLAG, _RIGHT_FLAG, _KEY_FLAG, _KIND_BITS = 0x80, 0x40, 0x20, 0x1F
_KINDS = (
    "GC",
    "Deleted",
    "JSON",
    "Binary",
    "String",
    "Embed",
    "Format",
    "Type",
    "Any",
    "Doc",
    "Skip",
    "Move",
)
_BY_NAME = 1


class Item(NamedTuple):
    """One struct of an update: a write, or what remains of one."""

    client: int
    clock: int
    length: int
    """How many clocks it takes: 1 for a write; removed neighbours of one key may be one item."""
    root: str | None
    """The root map, when the item names it; None when it continues `origin`, whose map and key it has."""
    key: str | None
    text: str | None
    """The value; None for the remains of something removed.

    Remains may hide what others wrote under the same key, even when the delete set is empty.
    """
    origin: tuple[int, int] | None
    """Client and clock of the older entry of the same key that this one replaces."""


class Reading(NamedTuple):
    """A whole update, read."""

    items: tuple[Item, ...]
    """In wire order."""
    removed: tuple[tuple[int, int, int], ...]
    """Delete ranges: client, first clock, length; ascending and apart within a client."""
    spans: dict[int, tuple[int, int]]
    """For each client with items: its first clock and the clock after its last."""


def read(update: bytes, *, bounded: bool = True) -> Reading:
    """All an update says; raises UpdateRefused with the offset, what was expected and what came.

    The limits of size are those for peers. They do not hold (`bounded=False`) for what is read back from our own log:
    what a door let in can always be read again.
    """
    if type(update) is not bytes:
        raise refused(
            0, "an update as bytes", f"a {type(update).__name__}", hint="Convert it with bytes(...)"
        )
    size = len(update)
    if bounded and size > UPDATE_BYTES_MAX:
        words = (f"at most {UPDATE_BYTES_MAX} bytes", f"{size} bytes")
        raise refused(0, *words, code="too_large", hint="Send smaller updates")
    items: list[Item] = []
    spans: dict[int, tuple[int, int]] = {}
    blocks, at = read_number(update, 0, size, "the number of clients with items")
    value_bytes_max = VALUE_BYTES_MAX if bounded else size
    for _ in range(blocks):
        at = _read_block(update, at, items, spans, value_bytes_max)
    removed, at = read_deletes(update, at)
    if at != size:
        raise refused(
            at, "the end of the update", f"{size - at} more bytes", hint="Is it encoding version 2?"
        )
    if blocks > 1:
        refuse_circle(items, spans)
    return Reading(tuple(items), tuple(removed), spans)


def _read_block(
    data: bytes,
    at: int,
    items: list[Item],
    spans: dict[int, tuple[int, int]],
    value_bytes_max: int,
) -> int:
    """Add one client's items and span; return the offset behind them."""
    start = at
    count, at = read_number(data, at, len(data) - at, "the number of items")
    client, at = read_number(data, at, CLIENT_END, "a client id")
    if not count:
        raise refused(start, "at least one item", f"none of client {client}")
    if client in spans:
        raise refused(start, "each client once", f"client {client} again")
    first, at = read_number(data, at, CLOCK_END, "a clock")
    clock = first
    for _ in range(count):
        item, at = read_item(data, at, client, clock, value_bytes_max)
        items.append(item)
        clock += item.length
        if clock > CLOCK_END:
            raise refused(start, f"clocks of client {client} below {CLOCK_END}", f"an end at {clock}")
    spans[client] = (first, clock)
    return at


def read_item(
    data: bytes, at: int, client: int, clock: int, value_bytes_max: int = VALUE_BYTES_MAX
) -> tuple[Item, int]:
    """The item at an offset, and the offset behind it; raises UpdateRefused for anything but our few kinds."""
    start = at
    info, at = data[at] if at < len(data) else -1, at + 1
    root = key = origin = text = None
    length = 1
    if info in (_ENTRY, _ENTRY_REMOVED):
        root, key, at = _read_entry(data, at)
    elif info in _CONTINUED or info in _CONTINUED_REMOVED:
        origin_client, at = read_number(data, at, CLIENT_END, "the client id of an origin")
        origin_clock, at = read_number(data, at, CLOCK_END, "the clock of an origin")
        if origin_client == client and origin_clock >= clock:
            raise refused(start, f"an origin older than {client}:{clock}", f"{client}:{origin_clock}")
        origin = (origin_client, origin_clock)
    else:
        raise _wrong_kind(data, start, info)
    if info & _KIND_BITS == 1:
        length, at = read_number(data, at, CLOCK_END, "the length of a removed item")
        if not length:
            raise refused(start, "a removed item of some length", f"length 0 at {client}:{clock}")
    else:
        text, at = _read_string(data, at, value_bytes_max, root, key)
    return Item(client, clock, length, root, key, text, origin), at


def _read_entry(data: bytes, at: int) -> tuple[str, str, int]:
    """Root and key of an entry that names them, and the offset behind them."""
    start = at
    parent, at = read_number(data, at, 2, "the kind of a parent")
    if parent != _BY_NAME:
        raise refused(start, "a root map as parent", "an item as parent")
    root, at = read_text(data, at, ROOT_BYTES_MAX, "the name of a root")
    key, at = read_text(data, at, KEY_LENGTH_MAX, "a key")
    problem = key_problem(root, key)
    if problem is not None:
        expected = "a root and key of the layout"
        raise refused(start, expected, problem, code="wrong_place", root=root, key=key)
    return root, key, at


def _read_string(
    data: bytes, at: int, value_bytes_max: int, root: str | None, key: str | None
) -> tuple[str, int]:
    """The content of exactly one string, and the offset behind it."""
    if data[at : at + 2] != b"\x01\x77":
        if at + 2 > len(data):
            raise refused(at, "one value, a string", "the end of the update", root=root, key=key)
        came = type_of_values(data, at)
        raise refused(at, "one value, a string", came, code="wrong_kind", root=root, key=key, type=came)
    return read_text(data, at + 2, value_bytes_max, "a value")


def _wrong_kind(data: bytes, at: int, info: int) -> UpdateRefused:
    """The error for an item of another kind; where it stands, if that can be read."""
    root = key = kind = None
    with suppress(UpdateRefused):
        kind, _, root, key, _ = read_foreign(data, at)
    code: RefusalCode = "wrong_kind" if info >= 0 else "unreadable_update"
    expected = "a map entry, or what remains of one"
    return refused(at, expected, _kind_of(info), code=code, root=root, key=key, type=kind)


def read_deletes(data: bytes, at: int) -> tuple[list[tuple[int, int, int]], int]:
    """The delete set, and the offset behind it."""
    removed: list[tuple[int, int, int]] = []
    seen: set[int] = set()
    clients, at = read_number(data, at, len(data) - at, "the number of clients with deletes")
    for _ in range(clients):
        start = at
        client, at = read_number(data, at, CLIENT_END, "a client id")
        count, at = read_number(data, at, len(data) - at, "the number of delete ranges")
        if client in seen or not count:
            raise refused(start, "each client once, with deletes", f"client {client} with {count} ranges")
        seen.add(client)
        free = 0
        for _ in range(count):
            start = at
            clock, at = read_number(data, at, CLOCK_END, "the clock of a delete")
            length, at = read_number(data, at, CLOCK_END + 1 - clock, "the length of a delete")
            if not length or clock < free:
                raise refused(start, f"a delete range from {free} on", f"{length} clocks from {clock} on")
            free = clock + length
            removed.append((client, clock, length))
    return removed, at


def _kind_of(info: int) -> str:
    """An item's first byte in words."""
    if info < 0:
        return "the end of the update"
    kind = info & _KIND_BITS
    words = [_KINDS[kind] if kind < len(_KINDS) else f"unknown content {kind}"]
    if info & _RIGHT_FLAG:
        words.append("with a right origin")
    if not info & (_KEY_FLAG | _ORIGIN_FLAG):
        words.append("without a key")
    return " ".join(words)


def state_vector(known: Mapping[int, int]) -> bytes:
    """What a replica has, client by client, for a peer; clients descend, as Yjs writes them (pycrdt: any order)."""
    parts = [number(len(known))]
    for client in sorted(known, reverse=True):
        parts += number(client), number(known[client])
    return b"".join(parts)


def read_state_vector(data: bytes) -> dict[int, int]:
    """The clock after the last one a peer has, for each client; raises UpdateRefused."""
    if type(data) is not bytes:
        raise refused(
            0, "a state vector as bytes", f"a {type(data).__name__}", hint="Convert it with bytes(...)"
        )
    known: dict[int, int] = {}
    count, at = read_number(data, 0, len(data), "the number of clients")
    for _ in range(count):
        start = at
        client, at = read_number(data, at, CLIENT_END, "a client id")
        clock, at = read_number(data, at, CLOCK_END + 1, "a clock")
        if client in known:
            raise refused(start, "each client once", f"client {client} again")
        known[client] = clock
    if at != len(data):
        raise refused(at, "the end of the state vector", f"{len(data) - at} more bytes")
    return known
