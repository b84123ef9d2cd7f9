"""Damaged and forged updates go through the guard into pycrdt, in a process of its own that may die of it.

`python -m tests.crdt.mutations SEED COUNT TRACE` prints what came of COUNT mutations as one JSON line.
TRACE is a file that always holds the update that is being applied, for when the process does not come back.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from pycrdt import Doc, merge_updates

from chatdoc.crdt.pending import missing
from chatdoc.crdt.read_update import Item, Reading, read, read_state_vector
from chatdoc.crdt.write_update import split_at_known
from chatdoc.model.errors import UpdateRefused
from tests.crdt.crafting import after, block, deletes, entry, number, remains, remains_after
from tests.crdt.histories import content, play

HISTORIES = 12
DEEP_NESTING = b"\x01\x75" * 200
ODD_NUMBERS = tuple(2**power + offset for power in (7, 8, 14, 31, 32, 53, 63, 64) for offset in (-1, 0, 1))


def mutate(update: bytes, random: Random) -> bytes:
    """One to three changes of bytes: flips, sets, cuts, insertions, odd numbers, doubled or shortened tails."""
    raw = bytearray(update)
    for _ in range(random.choice((1, 1, 2, 3))):
        at = random.randrange(len(raw) + 1)
        to = min(len(raw), at + random.randrange(1, 9))
        kind = random.randrange(7)
        if kind == 0 and at < len(raw):
            raw[at] ^= 1 << random.randrange(8)
        elif kind == 1 and at < len(raw):
            raw[at] = random.choice((0, 1, 0x28, 0x21, 0xA8, 0xA1, 0x7F, 0x80, 0xFF, random.randrange(256)))
        elif kind == 2:
            del raw[at:to]
        elif kind == 3:
            raw[at:at] = random.randbytes(random.randrange(1, 5))
        elif kind == 4:
            raw[at:at] = number(random.choice(ODD_NUMBERS))
        elif kind == 5:
            raw[at:at] = random.choice((raw[at:to], DEEP_NESTING, b"\xed\xa0\x80"))
        else:
            del raw[at:]
    return bytes(raw)


def forge(reading: Reading, random: Random) -> bytes:
    """The same update with one or two wrong ids, clocks, lengths, origins, places, values or deletes."""
    blocks = {client: list(_items_of(reading, client)) for client in reading.spans}
    starts = {client: first for client, (first, _) in reading.spans.items()}
    ranges: dict[int, list[tuple[int, int]]] = {}
    for client, clock, length in reading.removed:
        ranges.setdefault(client, []).append((clock, length))
    clients = [*blocks, *ranges, 1, 2, 77]
    for _ in range(random.choice((1, 1, 2))):
        kind = random.randrange(5)
        if kind == 0 and ranges:
            client = random.choice(list(ranges))
            ranges[client] = [(random.randrange(40), random.choice((1, 2, 9, 2**31 - 50)))]
        elif kind == 1:
            ranges[random.choice(clients)] = [(random.randrange(20), 1 + random.randrange(20))]
        elif blocks:
            client = random.choice(list(blocks))
            if kind == 2:
                starts[client] = random.choice((0, starts[client] + 1, max(0, starts[client] - 1), 2**31 - 9))
            elif kind == 3:
                thief = random.choice(clients)
                blocks[thief], starts[thief] = blocks.pop(client), starts[client]
            else:
                chosen = random.randrange(len(blocks[client]))
                blocks[client][chosen] = _forge_item(blocks[client][chosen], clients, random)
    raw = b"".join(block(client, starts[client], *map(_encode, items)) for client, items in blocks.items())
    return number(len(blocks)) + raw + deletes(ranges)


def _items_of(reading: Reading, client: int) -> list[Item]:
    return [item for item in reading.items if item.client == client]


def _forge_item(item: Item, clients: list[int], random: Random) -> Item:
    origin = (random.choice(clients), random.randrange(30))
    return random.choice(
        (
            item._replace(origin=origin),
            item._replace(origin=origin, text=None, length=random.choice((1, 2, 5, 2**20))),
            item._replace(text="forged"),
            item._replace(text=None, length=1 + random.randrange(30)),
        )
    )


def _encode(item: Item) -> bytes:
    if item.origin is None:
        assert item.root is not None
        assert item.key is not None
        if item.text is None:
            return remains(item.length, root=item.root, key=item.key)
        return entry(item.text, root=item.root, key=item.key)
    if item.text is None:
        return remains_after(*item.origin, item.length)
    return after(*item.origin, item.text)


def survivors(seed: int, count: int) -> Iterator[tuple[list[bytes], Doc[Any]]]:
    """Forgeries that pass: the updates a document got in order, the forged one last, and the document."""
    for before, update in passing(seed, count, Counter()):
        doc: Doc[Any] = Doc()
        for one in (*before, update):
            doc.apply_update(one)
        yield [*before, update], doc


def passing(seed: int, count: int, came: Counter[str]) -> Iterator[tuple[list[bytes], bytes]]:
    """The mutations that the guard passes and that need not wait, each with what was applied before."""
    random = Random(seed)
    histories = [play(seed * 1000 + n) for n in range(HISTORIES)]
    for _ in range(count):
        history = random.choice(histories)
        update = random.choice((*history.updates, history.whole))
        update = mutate(update, random) if random.random() < 0.5 else forge(read(update), random)
        try:
            reading = read(update)
        except UpdateRefused:
            came["refused"] += 1
            continue
        before = [history.whole] if random.random() < 0.7 else []
        known = read_state_vector(history.state) if before else {}
        if missing(reading, known):
            came["early"] += 1
            continue
        yield before, split_at_known(update, reading, known)[0]


def harm(before: list[bytes], update: bytes) -> str | None:
    """What goes wrong when a document takes an update the guard passed, is encoded, and loaded again."""
    doc: Doc[Any] = Doc()
    try:
        for one in (*before, update):
            doc.apply_update(one)
        whole = doc.get_update()
        again: Doc[Any] = Doc()
        again.apply_update(whole)
        if content(again) != content(doc):
            return "shows something else after a reload"
        if read_state_vector(again.get_state()) != read_state_vector(doc.get_state()):
            return "knows something else after a reload"
        read(whole)
        merge_updates(whole, update)
    except BaseException as error:  # A panic is a BaseException, and it is what is looked for.
        return f"{type(error).__name__}: {str(error)[:120]}"
    return None


def run(seed: int, count: int, trace: Path) -> dict[str, Any]:
    """How many mutations were refused, early, applied; and in hex those that did harm."""
    came: Counter[str] = Counter()
    harmful: list[str] = []
    with trace.open("wb", buffering=0) as file:
        for before, update in passing(seed, count, came):
            os.pwrite(file.fileno(), len(update).to_bytes(4) + update, 0)
            came["applied"] += 1
            found = harm(before, update)
            if found is not None:
                harmful.append(f"{found}: {update.hex()}")
    return {**came, "harmful": harmful}


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))))
