"""Random histories of several pycrdt documents within our layout, for a seed; and whatever pycrdt says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any, NamedTuple

from pycrdt import Doc, Map, get_update, merge_updates

from chatdoc.crdt.keys import ROOTS
from chatdoc.crdt.pending import Pending, missing
from chatdoc.crdt.read_update import read, read_state_vector
from chatdoc.crdt.write_update import split_at_known

TEXTS = ("{}", '{"a":"b"}', '"é漢😀"', '"\u2028\x00"', "", "x" * 300)
Content = dict[str, dict[str, Any]]


class History(NamedTuple):
    """What was written, in the order of writing, and what every document shows when all is said."""

    updates: list[bytes]
    whole: bytes
    state: bytes
    content: Content


def content(doc: Doc[Any]) -> Content:
    """The entries of a document, root by root; empty roots are left out."""
    maps = {root: doc.get(root, type=Map).to_py() for root in ROOTS}
    return {root: entries for root, entries in maps.items() if entries}


def play(seed: int, steps: int = 30) -> History:
    """Fresh keys, removals, re-adding, overwriting, restoring, batches, exchanges and merges by 2 to 4 documents."""
    random = Random(seed)
    updates: list[bytes] = []

    def record(event: Any) -> None:
        # What the observer says of an update that was applied is part of the promise as well.
        updates.append(event.update)

    docs = [_document(_client_id(random, n), record) for n in range(2 + random.randrange(3))]
    places: list[tuple[str, str]] = []

    def write(doc: Doc[Any]) -> None:
        if not places or random.random() < 0.3:
            places.append(_fresh_place(random))
        root, key = random.choice(places)
        entries = doc.get(root, type=Map)
        if key in entries and random.random() < 0.4:
            del entries[key]
        else:
            entries[key] = random.choice(TEXTS)

    for _ in range(steps):
        doc, other = random.choice(docs), random.choice(docs)
        kind = random.randrange(8)
        if kind < 4:
            write(doc)
        elif kind == 4:
            with doc.transaction():
                for _ in range(1 + random.randrange(6)):
                    write(doc)
        else:
            lacking = doc.get_update(other.get_state())
            updates.append(lacking)
            other.apply_update(lacking)
            if kind == 6:
                updates.append(merge_updates(lacking, other.get_update()))
            if kind == 7:
                updates.append(get_update(other.get_update(), docs[0].get_state()))
    last = docs[0]
    for doc in docs:
        last.apply_update(doc.get_update(last.get_state()))
    return History(updates, last.get_update(), last.get_state(), content(last))


def _document(client_id: int, observer: Callable[[Any], None]) -> Doc[Any]:
    doc: Doc[Any] = Doc(client_id=client_id)
    doc.observe(observer)
    return doc


def _client_id(random: Random, position: int) -> int:
    """Small ones, those of Yjs (32 bits) and those of pycrdt (53 bits)."""
    return random.choice((1 + position, random.getrandbits(32), random.getrandbits(53)))


def _fresh_place(random: Random) -> tuple[str, str]:
    """A root and a key of the layout that nobody has used."""
    digest, one, two = f"{random.getrandbits(64):016x}", _ulid(random), _ulid(random)
    return random.choice(
        (
            ("attic", digest),
            ("document", f"schema_version/{digest}"),
            ("thread", f"{one}/{digest}"),
            ("message", f"{one}/{digest}"),
            ("revision", f"{one}/{two}/{digest}"),
            ("setting", f"{one}/acp_config.model/{two}/{digest}"),
            ("mark", f"{one}/generating/{two}/{digest}"),
            ("state", f"{one}/{two}/{digest}"),
            ("live", f"{one}/{random.randrange(10**10):010d}/{digest}"),
        )
    )


def _ulid(random: Random) -> str:
    return "01J" + "".join(random.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=23))


def apply(doc: Doc[Any], update: bytes) -> None:
    """Apply an update of which all predecessors are known."""
    doc.apply_update(split_at_known(update, read(update), read_state_vector(doc.get_state()))[0])


def receive(updates: Iterable[bytes]) -> tuple[Doc[Any], Pending]:
    """A document that got these updates in this order through guard and hold-back."""
    doc: Doc[Any] = Doc()
    held = Pending()
    for update in updates:
        reading = read(update)
        known = read_state_vector(doc.get_state())
        if missing(reading, known):
            held.hold(update, reading)
            continue
        apply(doc, update)
        for released, _ in held.release(read_state_vector(doc.get_state())):
            apply(doc, released)
    return doc, held
