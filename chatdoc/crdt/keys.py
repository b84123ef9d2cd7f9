"""Where each fact lies in the Y document: root map, and a key computed from the fact.

A key is the fact's path and a digest of its text. So one key has one valid value, two writers never contest it,
and putting back what somebody removed writes the same bytes on every replica.

| root | key |
| --- | --- |
| `document` | `field/digest` |
| `thread` | `thread_id/digest` |
| `message` | `message_id/digest` |
| `revision` | `message_id/revision_id/digest` |
| `setting` | `thread_id/field/stamp/digest` |
| `mark` | `message_id/field/stamp/digest` |
| `state` | `thread_id/stamp/digest` |
| `live` | `message_id/seq/digest` |
| `attic` | `digest` |

`field` is percent-encoded and, when long, cut; `seq` has ten digits; `digest` is the first 16 hex digits of the
text's SHA-256.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import msgspec

from chatdoc.crdt.check_fact import is_sound
from chatdoc.model.facts import (
    DocumentFact,
    Fact,
    Header,
    MarkFact,
    PieceFact,
    RevisionFact,
    SettingFact,
    StateFact,
    ThreadFact,
)
from chatdoc.model.ids import STAMP_END, ULID_PATTERN, UUID_PATTERN
from chatdoc.model.limits import KEY_FIELD_LENGTH_MAX
from chatdoc.model.records.attic import AtticRow

ROOTS = ("document", "thread", "message", "revision", "setting", "mark", "state", "live", "attic")
KEY_LENGTH_MAX = 512

_ID = f"(?:{ULID_PATTERN}|{UUID_PATTERN})"
FIELD_LENGTH_MAX = KEY_FIELD_LENGTH_MAX

_FIELD = rf"[A-Za-z0-9_.~%-]{{1,{FIELD_LENGTH_MAX}}}"
_STAMP = f"(?P<stamp>{ULID_PATTERN})"
_DIGEST = "[0-9a-f]{16}"
_KEYS = {
    "document": re.compile(f"{_FIELD}/{_DIGEST}"),
    "thread": re.compile(f"{_ID}/{_DIGEST}"),
    "message": re.compile(f"{_ID}/{_DIGEST}"),
    "revision": re.compile(f"{_ID}/{_STAMP}/{_DIGEST}"),
    "setting": re.compile(f"{_ID}/{_FIELD}/{_STAMP}/{_DIGEST}"),
    "mark": re.compile(f"{_ID}/{_FIELD}/{_STAMP}/{_DIGEST}"),
    "state": re.compile(f"{_ID}/{_STAMP}/{_DIGEST}"),
    "live": re.compile(rf"{_ID}/[0-9]{{10}}/{_DIGEST}"),
    "attic": re.compile(_DIGEST),
}

_encode = msgspec.json.Encoder(order="deterministic").encode
_TYPES: dict[str, type[Any]] = {
    "document": DocumentFact,
    "thread": ThreadFact,
    "message": Header,
    "revision": RevisionFact,
    "setting": SettingFact,
    "mark": MarkFact,
    "state": StateFact,
    "live": PieceFact,
    "attic": AtticRow,
}
ROOT_OF: dict[type[Any], str] = {kind: root for root, kind in _TYPES.items()}
_decoders = {root: msgspec.json.Decoder(kind) for root, kind in _TYPES.items()}


@lru_cache(maxsize=256)
def _field(field: str) -> str:
    return quote(field, safe="")[:FIELD_LENGTH_MAX] or "~"


_PATHS: dict[type[Any], Callable[[Any], str]] = {
    DocumentFact: lambda fact: f"{_field(fact.field)}/",
    ThreadFact: lambda fact: f"{fact.thread_id}/",
    Header: lambda fact: f"{fact.message_id}/",
    RevisionFact: lambda fact: f"{fact.message_id}/{fact.revision_id}/",
    SettingFact: lambda fact: f"{fact.thread_id}/{_field(fact.field)}/{fact.stamp}/",
    MarkFact: lambda fact: f"{fact.message_id}/{_field(fact.field)}/{fact.stamp}/",
    StateFact: lambda fact: f"{fact.thread_id}/{fact.stamp}/",
    PieceFact: lambda fact: f"{fact.message_id}/{fact.seq:010d}/",
    AtticRow: lambda fact: "",
}


def digest(text: str) -> str:
    """The first 16 hex digits of the SHA-256 of the text's UTF-8."""
    return sha256(text.encode()).hexdigest()[:16]


def encode(fact: Fact) -> tuple[str, str, str]:
    """Root, key and canonical JSON text of a fact; equal facts give equal bytes in every process."""
    root, key, raw = encode_raw(fact)
    return root, key, raw.decode()


def encode_raw(fact: Fact) -> tuple[str, str, bytes]:
    """As `encode`, the text in the UTF-8 that it is stored as."""
    kind = type(fact)
    raw = _encode(fact)
    return ROOT_OF[kind], _PATHS[kind](fact) + sha256(raw).hexdigest()[:16], raw


def decode(root: str, key: str, text: str) -> Fact | None:
    """The fact under a key, or None when the text is no sound fact or is not what the key was computed from."""
    fact = decode_value(root, text)
    if fact is None or _PATHS[type(fact)](fact) + digest(text) != key or not is_sound(fact, text):
        return None
    return fact


def decode_value(root: str, text: str) -> Fact | None:
    """The fact a text of this root spells, or None; fields that nobody here knows are kept."""
    try:
        fact: Fact = _decoders[root].decode(text)
        if len(_encode(fact)) != len(text.encode()):
            fact = _with_unknown_fields(fact, msgspec.json.decode(text))
    except (msgspec.MsgspecError, UnicodeError, RecursionError, KeyError):
        return None
    return fact


def _with_unknown_fields(fact: Fact, values: dict[str, Any]) -> Fact:
    unknown = {name: value for name, value in values.items() if name not in fact.__struct_fields__}
    if not unknown:
        return fact
    if isinstance(fact, Header):
        return msgspec.structs.replace(fact, fields={**unknown, **(fact.fields or {})})
    if isinstance(fact, ThreadFact | StateFact):
        return msgspec.structs.replace(fact, extra={**unknown, **(fact.extra or {})})
    return fact


def key_problem(root: str, key: str) -> str | None:
    """What is wrong with a key a peer wants to write, or None; stamps from the year 2100 on are wrong."""
    pattern = _KEYS.get(root)
    if pattern is None:
        return f"a root that is none of {', '.join(ROOTS)}"
    if len(key) > KEY_LENGTH_MAX:
        return f"a key of {len(key)} characters is longer than {KEY_LENGTH_MAX}"
    match = pattern.fullmatch(key)
    if match is None:
        return f"a key that has not the shape of a {root} key"
    if match.lastgroup == "stamp" and match["stamp"] >= STAMP_END:
        return "a stamp that lies beyond the year 2099"
    return None
