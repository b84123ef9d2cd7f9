"""Settling of a refused update: what may not be taken becomes a tombstone, so that the rest of its client is kept.

A client's items are numbered without gaps, so leaving one out would hold back all that it writes later.
A tombstone takes the number and nothing else; the client itself is told to remove the item, and then both agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import NamedTuple

from chatdoc.crdt.keys import key_problem
from chatdoc.crdt.lib0 import CLIENT_END, CLOCK_END, number, read_number, text_bytes
from chatdoc.crdt.read_update import UPDATE_BYTES_MAX, Item, read_deletes, read_item
from chatdoc.crdt.skip_item import read_foreign
from chatdoc.model.errors import UpdateRefused

_TOMBSTONE = b"\x21\x01"
_STRUCTS_MAX = 1_000_000

Judge = Callable[[Item], str | None]
"""The code of what is wrong with an item of our layout, or None."""


class Refusal(NamedTuple):
    """One item that was not taken; `type` names a type, never the bytes."""

    client: int
    clock: int
    length: int
    code: str
    root: str | None
    key: str | None
    type: str


class Settled(NamedTuple):
    """An update without what was refused, and what that was; `update` is None when no item is left to be told of."""

    update: bytes
    refused: tuple[Refusal, ...]


def settle(
    update: bytes,
    known: Mapping[int, int],
    judge: Judge,
    *,
    clocks_max: int,
    may_settle: Callable[[int], bool],
) -> Settled:
    """The update with each refused item made a tombstone; those that are known already are made so without a word.

    `may_settle` says whether a client id is the sender's own. A block of another id ends before its first refused
    item: its owner may bring that itself. Raises UpdateRefused where that leaves nothing safe to take.
    """
    if len(update) > UPDATE_BYTES_MAX:
        words = f"expected an update of at most {UPDATE_BYTES_MAX} bytes, came {len(update)}"
        raise UpdateRefused(words, code="too_large", hint="Send smaller updates")
    refused: list[Refusal] = []
    blocks: list[bytes] = []
    gone: set[tuple[int, int]] = set()
    seen: set[int] = set()
    count, at = read_number(update, 0, len(update), "the number of clients with items")
    for _ in range(count):
        items, at = read_number(update, at, min(len(update) - at, _STRUCTS_MAX), "the number of items")
        client, at = read_number(update, at, CLIENT_END, "a client id")
        clock, at = read_number(update, at, CLOCK_END, "a clock")
        if client in seen:
            raise UpdateRefused(f"expected each client once, came client {client} again")
        seen.add(client)
        first, parts, cut = clock, [], False
        for _ in range(items):
            start = at
            item, refusal, length, at = _judged(update, at, client, clock, judge, gone)
            is_news = clock + length > known.get(client, 0)
            if refusal is not None and is_news and not may_settle(client):
                cut = True
            if refusal is not None:
                gone.add((client, clock))
                if is_news:
                    refused.append(refusal)
            if not cut:
                parts.append(update[start:at] if refusal is None else _tombstone(client, clock, length, item))
            clock += length
            if clock > CLOCK_END:
                raise UpdateRefused(
                    f"expected clocks of client {client} below {CLOCK_END}, came an end at {clock}"
                )
        if parts:
            blocks.append(number(len(parts)) + number(client) + number(first) + b"".join(parts))
    deletes = at
    _, at = read_deletes(update, at)
    if at != len(update):
        raise UpdateRefused(
            f"expected the end of the update at byte {at}, came {len(update) - at} more bytes"
        )
    if sum(one.length for one in refused) > clocks_max:
        words = f"expected at most {clocks_max} refused items in one update, came more"
        raise UpdateRefused(words, code="too_large", hint="Send what is good of it anew")
    return Settled(number(len(blocks)) + b"".join(blocks) + update[deletes:], tuple(refused))


def _judged(
    update: bytes, at: int, client: int, clock: int, judge: Judge, gone: set[tuple[int, int]]
) -> tuple[Item | None, Refusal | None, int, int]:
    """The item when it is of our layout, why it is refused, its length, and the offset behind it."""
    try:
        item, end = read_item(update, at, client, clock)
    except UpdateRefused:
        what, length, root, key, end = read_foreign(update, at)
        code = "wrong_kind"
        if root is not None and key_problem(root, key or "") is not None:
            code = "wrong_place"
        named = key_problem(root, key) is None if root is not None and key is not None else False
        place = Item(client, clock, length, root, key, None, None) if named else None
        return place, Refusal(client, clock, length, code, root, key, what), length, end
    if item.origin is not None and item.origin in gone:
        return (
            None,
            Refusal(client, clock, item.length, "continues_refused", None, None, _type_of(item)),
            item.length,
            end,
        )
    wrong = judge(item) if item.text is not None else None
    if wrong is None:
        return item, None, item.length, end
    refusal = Refusal(client, clock, item.length, wrong, item.root, item.key, _type_of(item))
    return item, refusal, item.length, end


def _type_of(item: Item) -> str:
    return "string" if item.text is not None else "Deleted"


def _tombstone(client: int, clock: int, length: int, item: Item | None) -> bytes:
    if item is not None and item.root is not None and item.key is not None:
        root, key = item.root, item.key
    else:  # A place that nobody else ever writes: no text has this digest but by chance.
        root, key = "attic", sha256(b"%d:%d" % (client, clock)).hexdigest()[:16]
    return _TOMBSTONE + text_bytes(root) + text_bytes(key) + number(length)
