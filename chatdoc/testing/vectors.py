"""Test vectors for clients in other languages: keys, canonical texts, ids and whole documents, with what they read as.

`golden/vectors/vectors.json` holds them, and the tests of every client read that file; `make bless` writes it anew.
A third implementation is right when it reads the `updates` of each document as its `reads` says.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import msgspec

from chatdoc.crdt.keys import decode, encode, key_problem
from chatdoc.document import Document
from chatdoc.model.facts import DocumentFact
from chatdoc.model.ids import Mint, derive, successor, time_ms
from chatdoc.testing.clocks import START_MS
from chatdoc.testing.vector_documents import DOCUMENTS
from chatdoc.testing.vector_facts import CANONICAL, FACTS, FIELDS, ODD_ENTRIES, ODD_KEYS, STAMPS

_canonical = msgspec.json.Encoder(order="deterministic").encode


def reads(document: Document) -> dict[str, Any]:
    """All that a reader shows of a document, as JSON values; deleted threads and messages too."""
    view = document.view
    return {
        "document_id": document.document_id,
        "document": {field: view.document_field(field) for field in sorted(view.document_values)},
        "threads": [_thread(document, one.thread_id) for one in document.threads(deleted=True)],
        "attic": msgspec.to_builtins(document.attic()),
        "unreadable": sorted(f"{root}/{key}" for root, key in view.unreadable),
    }


def text_of(vectors: dict[str, Any]) -> bytes:
    """The file of these vectors: JSON in ASCII, one vector a line, so that a difference can be read."""
    parts = []
    for name, found in vectors.items():
        lines = ",\n".join(f"  {json.dumps(one)}" for one in found)
        parts.append(f" {json.dumps(name)}: [\n{lines}\n ]")
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def fact_vectors() -> dict[str, Any]:
    """Vectors of single facts and ids; the same in every process."""
    return {
        "canonical": [
            {"text": text, "canonical": _canonical(msgspec.json.decode(text)).decode()} for text in CANONICAL
        ],
        "fields": [
            {"field": field, "encoded": encode(DocumentFact(field=field, value=0))[1][:-17]}
            for field in FIELDS
        ],
        "keys": [_key(fact) for fact in FACTS],
        "odd_keys": [
            {"root": root, "key": key, "ok": key_problem(root, key) is None} for root, key in ODD_KEYS
        ],
        "odd_entries": [
            {"root": root, "key": key, "text": text, "fact": _builtins(decode(root, key, text))}
            for root, key, text in ODD_ENTRIES
        ],
        "stamps": [{"stamp": one, "ms": time_ms(one), "next": successor(one)} for one in STAMPS],
        "derived": [
            {"kind": kind, "ms": ms, "parts": parts, "id": derive(kind, ms, *parts)}
            for kind, ms, parts in (
                ("revision", START_MS, ["01HF7YAT00", "ada", "Grüße 😀\n"]),
                ("thread", -5, []),
                ("root", 10**15, ["", "x"]),
            )
        ],
        "minted": list(_minted()),
    }


def document_vectors() -> list[dict[str, Any]]:
    """Whole documents: the updates that made each, in base64, and what it reads as after the last."""
    found = []
    for name, make in DOCUMENTS.items():
        made = make()
        updates = [b64encode(update).decode() for update in made.updates]
        found.append({"name": name, "about": make.__doc__, "updates": updates, "reads": reads(made.document)})
    return found


def _thread(document: Document, thread_id: str) -> dict[str, Any]:
    return {
        "thread": _builtins(document.thread(thread_id)),
        "config": _builtins(document.config(thread_id)),
        "config_history": _builtins(document.config_history(thread_id)),
        "state": _builtins(document.state(thread_id)),
        "queue": [message.message_id for message in document.agents.queue(thread_id)],
        "messages": [
            {**_builtins(message), "content": message.content}
            for message in document.messages(thread_id, deleted=True)
        ],
    }


def _key(fact: Any) -> dict[str, Any]:
    root, key, text = encode(fact)
    return {"root": root, "key": key, "text": text, "fields": _builtins(fact)}


def _minted() -> Iterator[dict[str, Any]]:
    """Ids minted one after the other: by a clock that stands, goes back, and below a stamp from the future."""
    clock = [START_MS]
    mint = Mint(lambda: clock[0], lambda count: bytes(range(count)))
    future = derive("stamp", START_MS + 10**9, "future")
    for ms, above in (
        (START_MS, ""),
        (START_MS, ""),
        (START_MS - 50, ""),
        (START_MS + 1, future),
        (START_MS + 2, ""),
    ):
        clock[0] = ms
        yield {"ms": ms, "above": above, "id": mint.mint(above)}


def _builtins(record: Any) -> Any:
    return msgspec.to_builtins(record)
