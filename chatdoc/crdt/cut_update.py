"""A large update of one client is cut between its items as bytes: lengths are hopped over, and no text is decoded.

It is for updates that were read before, as those of a log were; of one that is not as expected nothing is guessed.
"""

from __future__ import annotations

from typing import NamedTuple

from chatdoc.crdt.join_updates import head_of
from chatdoc.crdt.lib0 import number
from chatdoc.model.errors import UpdateRefused

_ENTRY, _CONTINUED = 0x28, (0xA8, 0x88)
"""The first byte of an item that names its root and key, and of one that names the item before it instead."""


class Cut(NamedTuple):
    """An update in pieces that say the same in their order, and the numbers of its client they span."""

    pieces: list[bytes]
    client: int
    end: int


def cut(update: bytes, bytes_max: int) -> Cut | None:
    """An update of one block without removals, each item a string and one number, cut after at least so many bytes.

    None for every other one. An item is never cut, so a piece is larger than `bytes_max` by at most one item.
    """
    pieces: list[bytes] = []
    try:
        head = head_of(update)
        if head is None:
            return None
        client, clock, count, at = head
        start, first = at, clock
        for clock_after in range(clock + 1, clock + count + 1):
            at = _end_of_item(update, at)
            if at - start >= bytes_max:
                pieces.append(_block(client, first, clock_after, update[start:at]))
                start, first = at, clock_after
    except (UpdateRefused, IndexError, ValueError):
        return None
    if at != len(update) - 1:
        return None
    end = clock + count
    if first < end:
        pieces.append(_block(client, first, end, update[start:at]))
    return Cut(pieces, client, end)


def _block(client: int, first: int, end: int, items: bytes) -> bytes:
    return b"".join((b"\x01", number(end - first), number(client), number(first), items, b"\0"))


def _end_of_item(update: bytes, at: int) -> int:
    """The offset behind an item; raises ValueError for one that may take other than one number."""
    info = update[at]
    at += 1
    if info == _ENTRY:
        if update[at] != 1:
            raise ValueError("an item whose parent is no root")
        at = _behind_text(update, _behind_text(update, at + 1))
    elif info in _CONTINUED:
        for _ in range(2):
            while update[at] >= 0x80:
                at += 1
            at += 1
    else:
        raise ValueError("an item of another kind")
    if update[at] != 1 or update[at + 1] != 0x77:
        raise ValueError("an item that is not one string")
    return _behind_text(update, at + 2)


def _behind_text(update: bytes, at: int) -> int:
    """The offset behind a text whose length starts here."""
    size = update[at]
    at += 1
    if size >= 0x80:
        size &= 0x7F
        shift = 7
        while True:
            byte = update[at]
            at += 1
            size |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
    return at + size
