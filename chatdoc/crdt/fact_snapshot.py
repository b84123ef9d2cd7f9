"""A row snapshot gives the view back without a Y document: the same facts, decoded in bulk."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

import msgspec

from chatdoc.crdt.keys import decode_value, encode
from chatdoc.model.facts import DocumentFact, Fact, Header
from chatdoc.model.view import apply, reply_index
from chatdoc.model.view.lookup import other_facts
from chatdoc.model.view.view import View

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Header)
_message_id = attrgetter("message_id")
_places = msgspec.json.Decoder(tuple[str, str, str])
_UNREADABLE = "unreadable"


def rows_of(view: View) -> tuple[bytes, bytes]:
    """The picked headers, and every other fact, each as JSON Lines; the others have their root before them.

    Entries that are no fact come last, as root, key and text: without them a replica that has not loaded the whole
    would not know which of its entries Yjs may be hiding.
    """
    headers = _encoder.encode_lines(list(view.headers.values()))
    lines = [f"{root} {text}" for root, _, text in map(encode, _others(view))]
    lines += [
        f"{_UNREADABLE} {_encoder.encode((*place, view.unreadable[place])).decode()}"
        for place in sorted(view.unreadable)
    ]
    return headers, "\n".join(lines).encode()


def view_of(headers: Iterable[bytes], others: bytes) -> View:
    """The view of a row snapshot, whose headers come in pieces of whole lines; raises ValueError when it is not one."""
    view = View()
    table = view.headers
    try:
        for piece in headers:
            rows = _decoder.decode_lines(piece)
            table.update(zip(map(_message_id, rows), rows, strict=True))
    except msgspec.MsgspecError as error:
        raise ValueError(f"the headers of a row snapshot are damaged: {error}") from error
    reply_index.link_all(view, table.values())
    facts = []
    for line in others.decode().split("\n"):
        if line.startswith(_UNREADABLE):
            root, key, text = _place(line)
            view.unreadable[root, key] = text
        elif line:
            facts.append(_fact(line))
    apply.apply(view, facts, origin="store")
    return view


def _others(view: View) -> Iterable[Fact]:
    for field in sorted(view.document_values):
        for value in view.document_values[field]:
            yield DocumentFact(field=field, value=value)
    for thread_id in view.thread_facts:
        yield from view.variants_of_thread(thread_id)
    for variants in view.header_variants.values():
        yield from variants
    yield from other_facts(view)


def _place(line: str) -> tuple[str, str, str]:
    try:
        return _places.decode(line.partition(" ")[2])
    except msgspec.MsgspecError as error:
        raise ValueError(f"a line of a row snapshot is no entry: {line[:80]!r}") from error


def _fact(line: str) -> Fact:
    root, _, text = line.partition(" ")
    fact = decode_value(root, text)
    if fact is None:
        raise ValueError(f"a line of a row snapshot is no {root} fact: {text[:80]!r}")
    return fact
