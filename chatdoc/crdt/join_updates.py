"""Updates that follow each other are joined as bytes: many small ones of one writer cost what one large one costs.

Only what is sure to say the same is joined: one block of one client, each item of it one number, nothing removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from chatdoc.crdt.lib0 import CLIENT_END, CLOCK_END, number, read_number
from chatdoc.crdt.read_update import read
from chatdoc.model.errors import UpdateRefused

_ONE_NUMBER = (0x28, 0xA8, 0x88)
"""The first bytes of items that write; what remains of removed ones may take many numbers."""


class Plain(NamedTuple):
    """An update of one block, without removals: its client, first clock and number of items, and where these start."""

    client: int
    clock: int
    items: int
    start: int


def head_of(update: bytes) -> Plain | None:
    """How an update of one block without removals begins; None for others. Its items are not looked at.

    Raises UpdateRefused and IndexError for bytes that are none.
    """
    # A canonical update ends with a zero only where it removes nothing: every delete range has a length.
    if len(update) < 8 or update[0] != 1 or update[-1]:
        return None
    count, at = read_number(update, 1, CLOCK_END, "the number of items")
    client, at = read_number(update, at, CLIENT_END, "a client id")
    clock, at = read_number(update, at, CLOCK_END, "a clock")
    return Plain(client, clock, count, at)


def plain_of(update: bytes) -> Plain | None:
    """What an update is when it can be joined with others as bytes; None for others, and for bytes that are none."""
    try:
        head = head_of(update)
        if head is None or update[head.start] not in _ONE_NUMBER:
            return None
        if head.items > 1 and any(item.length != 1 for item in read(update, bounded=False).items):
            return None
    except (UpdateRefused, IndexError):
        return None
    return head


def following(update: bytes, client: int, clock: int) -> Plain | None:
    """What an update is when it can be joined and goes on at this number of this client; None for every other one."""
    head = b"\x01\x01" + number(client) + number(clock)
    # Most are one item, and then nothing has to be read: numbers have one spelling.
    if update.startswith(head) and len(update) > len(head) + 1 and not update[-1]:
        return Plain(client, clock, 1, len(head)) if update[len(head)] in _ONE_NUMBER else None
    plain = plain_of(update)
    return plain if plain is not None and (plain.client, plain.clock) == (client, clock) else None


def joined(updates: Sequence[bytes], bytes_max: int) -> list[bytes]:
    """The same in their order, as updates of about so many bytes."""
    return [update for _, update in joined_counted(updates, bytes_max)]


def joined_counted(updates: Sequence[bytes], bytes_max: int) -> list[tuple[int, bytes]]:
    """As `joined`, each with how many of the given it is made of."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(updates):
        first, until, size = plain_of(updates[at]), at + 1, len(updates[at])
        if first is not None:
            items, end = [updates[at][first.start : -1]], first.clock + first.items
            while until < len(updates) and size < bytes_max:
                update = updates[until]
                after = following(update, first.client, end)
                if after is None:
                    break
                items.append(update[after.start : -1])
                end += after.items
                size += len(update)
                until += 1
        if first is None or until == at + 1:
            found.append((1, updates[at]))
        else:
            count = number(end - first.clock)
            head = (b"\x01", count, number(first.client), number(first.clock))
            found.append((until - at, b"".join((*head, *items, b"\0"))))
        at = until
    return found
