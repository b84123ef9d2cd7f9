"""Update writer: what was read of updates is spelled as one again, split, beyond known clocks, or in bounded pieces."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from math import inf

from chatdoc.crdt.lib0 import number, text_bytes
from chatdoc.crdt.read_update import Item, Reading, read

_ITEM_BYTES = 600
"""More than an item needs besides its text: root, key and clocks."""


def split_at_known(update: bytes, reading: Reading, known: Mapping[int, int]) -> tuple[bytes, Reading]:
    """The same update, to be applied to a document with these clocks; the very same bytes when nothing is to split.

    Removed items of which the document knows the first clocks are split there, so that no forger chooses their place.
    Peers that send more than was asked for send such items honestly: neighbours of one key, removed one after the
    other, become one item. Cut in two, the rest follows the last known clock, which is the very place it had.
    Left whole, pycrdt and Yjs place the rest of a forged one differently, and pycrdt even under a key of another root.
    """
    if not any(_is_partly_known(item, known) for item in reading.items if item.length > 1):
        return update, reading
    items: list[Item] = []
    for item in reading.items:
        if _is_partly_known(item, known):
            end = known[item.client]
            items.append(item._replace(length=end - item.clock))
            items.append(_rest(item, end))
        else:
            items.append(item)
    split = reading._replace(items=tuple(items))
    return write(split), split


def beyond(readings: Iterable[Reading], known: Mapping[int, int]) -> bytes | None:
    """One update with what these, in the order of a log, say beyond the given clocks of the given clients.

    Whoever has these clocks, and all of every other client, can take it at once. None when there is a gap.
    Merging by pycrdt would fill gaps of other clients with skips, which no guard takes.
    What was written and removed again is told as removed, without its text, as Yjs would tell it.
    """
    reach = dict(known)
    items: list[Item] = []
    removed: dict[int, list[tuple[int, int]]] = {}
    for reading in readings:
        for item in reading.items:
            end = item.clock + item.length
            if end <= reach.get(item.client, end):
                continue
            if item.clock > reach[item.client]:
                return None
            items.append(item if item.clock == reach[item.client] else _rest(item, reach[item.client]))
            reach[item.client] = end
        for client, clock, length in reading.removed:
            removed.setdefault(client, []).append((clock, clock + length))
    spans = {client: (known[client], end) for client, end in reach.items() if end > known[client]}
    gone = {client: _united(removed[client]) for client in removed}
    ranges = [(client, start, end - start) for client, parts in gone.items() for start, end in parts]
    items = [item._replace(text=None) if _is_within(item, gone) else item for item in items]
    return write(Reading(tuple(items), tuple(ranges), spans))


def in_pieces(update: bytes, bytes_max: int) -> Iterator[bytes]:
    """The same update as several, none much larger than `bytes_max` unless a single item is; removals come last.

    No item names one of a later piece, so that a receiver without a hold-back queue can take them in this order.
    """
    if len(update) <= bytes_max:
        yield update
        return
    reading = read(update, bounded=False)
    items: list[Item] = []
    size = 0
    for item in _origins_first(reading):
        needed = _ITEM_BYTES + (0 if item.text is None else len(item.text.encode()))
        if items and size + needed > bytes_max:
            yield write(Reading(tuple(items), (), _spans(items)))
            items, size = [], 0
        items.append(item)
        size += needed
    yield write(Reading(tuple(items), reading.removed, _spans(items)))


def _origins_first(reading: Reading) -> Iterator[Item]:
    """The items, each client's in their order, and each after the one it names where that is in the update."""
    queues: dict[int, deque[Item]] = {client: deque() for client in reading.spans}
    for item in reading.items:
        queues[item.client].append(item)
    reach = {client: first for client, (first, _) in reading.spans.items()}
    while queues:
        before = dict(reach)
        for client, queue in list(queues.items()):
            while queue and (queue[0].origin is None or _is_there(queue[0].origin, reach)):
                item = queue.popleft()
                reach[client] = item.clock + item.length
                yield item
            if not queue:
                del queues[client]
        assert not queues or reach != before, "items that name each other in a circle are read by nobody"


def _is_there(origin: tuple[int, int], reach: Mapping[int, int]) -> bool:
    client, clock = origin
    return clock < reach.get(client, inf)


def _spans(items: Iterable[Item]) -> dict[int, tuple[int, int]]:
    spans: dict[int, tuple[int, int]] = {}
    for item in items:
        first, _ = spans.get(item.client, (item.clock, 0))
        spans[item.client] = (first, item.clock + item.length)
    return spans


def write(reading: Reading) -> bytes:
    """The canonical bytes of a reading: what the guard reads as the same again."""
    blocks: dict[int, list[Item]] = {client: [] for client in reading.spans}
    for item in reading.items:
        blocks[item.client].append(item)
    pieces = [number(len(blocks))]
    for client, items in blocks.items():
        pieces += number(len(items)), number(client), number(reading.spans[client][0])
        pieces += map(_write_item, items)
    ranges: dict[int, list[bytes]] = {}
    for client, clock, length in reading.removed:
        ranges.setdefault(client, []).append(number(clock) + number(length))
    pieces.append(number(len(ranges)))
    for client, parts in ranges.items():
        pieces += number(client), number(len(parts)), *parts
    return b"".join(pieces)


def _rest(item: Item, start: int) -> Item:
    """A removed item from one of its clocks on."""
    return Item(
        item.client, start, item.clock + item.length - start, None, None, None, (item.client, start - 1)
    )


def _united(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same ranges ascending and apart."""
    united: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return united


def _is_within(item: Item, gone: Mapping[int, list[tuple[int, int]]]) -> bool:
    parts = gone.get(item.client, [])
    place = bisect_right(parts, (item.clock, inf)) - 1
    return place >= 0 and item.clock + item.length <= parts[place][1]


def _is_partly_known(item: Item, known: Mapping[int, int]) -> bool:
    return item.clock < known.get(item.client, 0) < item.clock + item.length


def _write_item(item: Item) -> bytes:
    if item.origin is not None:
        client, clock = item.origin
        info, place = 0xA0, number(client) + number(clock)
    else:
        assert item.root is not None, f"neither root nor origin: {item}"
        assert item.key is not None, f"no key: {item}"
        info, place = 0x20, b"\x01" + text_bytes(item.root) + text_bytes(item.key)
    if item.text is None:
        return bytes([info | 1]) + place + number(item.length)
    return bytes([info | 8]) + place + b"\x01\x77" + text_bytes(item.text)
