"""The first update of a migrated document: the same facts give the same bytes, in every process.

Its client id is computed from the facts themselves, so one id never carries two contents; the top bit of 53 tells
it from the client ids that openings draw (`session_client`), and nobody writes under it afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from hashlib import sha256
from io import BytesIO

from chatdoc.crdt.keys import encode_raw
from chatdoc.crdt.lib0 import number, text_bytes
from chatdoc.crdt.ydoc import EMPTY_UPDATE, HEADS, TEXT
from chatdoc.model.facts import Fact
from chatdoc.model.ids import RandomSource

_TOP = 1 << 52


class Genesis:
    """An update, its client id and how many items it has."""

    __slots__ = ("client_id", "length", "update")

    def __init__(self, client_id: int, length: int, update: bytes) -> None:
        self.client_id, self.length, self.update = client_id, length, update


def genesis(facts: Iterable[Fact]) -> Genesis:
    """The deterministic update that adds these facts, in their order, to an empty document.

    It is written directly, as `update_of` writes one: a Y document would make the same bytes in six times the time.
    """
    hashed, body = sha256(), BytesIO()
    known: set[str] = set()
    for fact in facts:
        root, key, raw = encode_raw(fact)
        place = f"{root}/{key}\n"
        if place in known:
            continue
        known.add(place)
        hashed.update(place.encode())
        body.write(b"".join((HEADS[root], text_bytes(key), TEXT, number(len(raw)), raw)))
    if not known:
        return Genesis(_TOP, 0, EMPTY_UPDATE)
    client_id = _TOP | int.from_bytes(hashed.digest()[:8], "big") & (_TOP - 1)
    head = b"\x01" + number(len(known)) + number(client_id) + number(0)
    return Genesis(client_id, len(known), b"".join((head, body.getbuffer(), b"\x00")))


def session_client(random: RandomSource, known: Collection[int] = ()) -> int:
    """A fresh client id for one opening: 52 random bits, never one of a genesis, none that the document knows."""
    while True:
        client = int.from_bytes(random(7), "big") & (_TOP - 1)
        if client and client not in known:
            return client
