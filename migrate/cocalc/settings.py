"""A thread's config is gathered from everywhere it was ever written; nothing that lost is dropped.

Each source of settings has a rank. A word's stamp tells its rank and its own time, not what else the file holds, so
two copies of a file that hold different rows agree on who wins. Any edit made later goes before all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from chatdoc.model.facts import SettingFact
from chatdoc.model.ids import STAMP_MS_END, Stamp, ThreadId, derive

RECORD, ROOT, SAME_MOMENT, STUB, ELSEWHERE, AGENT = range(6)
"""Where settings were found, the best place first."""

_APART = 10
"""Milliseconds between the stamps of one rank and the next."""
_EARLIEST, _LATEST = 1_000, STAMP_MS_END - 1_000
"""Between these lie the stamps of a root's settings, so that there is room below and above them."""

_encode = msgspec.json.Encoder(order="deterministic").encode
_ACP = "acp_config."
_TEXTS = ("name", "thread_color", "thread_icon")
_TRUE = ("true", "1")
_FALSE = ("false", "0", "")
_RESERVED = ("acp_config", "deleted", "event", "stamps", "fields", "thread_id", "updated_at", "updated_by")


class Said(NamedTuple):
    """Fields somebody wrote: the lower the rank, the more they count; `ms` is when, `by` who."""

    rank: tuple[int, int]
    ms: int
    by: str
    fields: dict[str, Any]


class _Word(NamedTuple):
    rank: tuple[int, int, int]
    age: int
    by: str
    spelled: bytes
    value: Any


def settings_of(thread_id: ThreadId, root_ms: int, said: Iterable[Said]) -> list[SettingFact]:
    """One fact for every different word on a field, the best with the greatest stamp."""
    words: dict[str, dict[bytes, _Word]] = {}
    for one in said:
        for field, value, later in _flat(one.fields):
            word = _Word((*one.rank, later), -one.ms, one.by, _encode(value), value)
            known = words.setdefault(field, {}).setdefault(word.spelled, word)
            if word[:3] < known[:3]:
                words[field][word.spelled] = word
    return [
        fact
        for field in sorted(words)
        for fact in _stamped(
            thread_id, root_ms, field, sorted(words[field].values(), key=lambda word: word[:4])
        )
    ]


def _stamped(thread_id: ThreadId, root_ms: int, field: str, words: list[_Word]) -> Iterator[SettingFact]:
    """A stamp for each word, the best first; of one rank each lies just before the one that goes before it."""
    if all(word.value is None for word in words):
        return
    root_ms = min(max(root_ms, _EARLIEST), _LATEST)
    last = STAMP_MS_END
    for word in words:
        rank = word.rank[0]
        own = max(-word.age, root_ms) if rank == RECORD else root_ms - _APART * (rank - ROOT)
        last = min(own, last - 1)
        stamp = Stamp(derive("setting", last, thread_id, field, word.spelled.decode()))
        yield SettingFact(thread_id=thread_id, field=field, stamp=stamp, value=word.value, by=word.by)


def _flat(fields: dict[str, Any]) -> Iterator[tuple[str, Any, int]]:
    """Field, value and 1 for what an older name says; None clears, as an empty name does."""
    for field, value in fields.items():
        if value is None:
            continue
        if field in ("acp_config", "codex_config") and isinstance(value, dict):
            for name, inner in value.items():
                yield _ACP + name, inner, int(field == "codex_config")
        elif field == "pin":
            yield _pin(value)
        elif field in _TEXTS:
            if isinstance(value, str):
                yield field, value if value.strip() else None, 0
            else:
                yield f"legacy_{field}", value, 0
        elif field in _RESERVED or field.startswith(_ACP):
            yield f"legacy_{field}", value, 0
        else:
            yield field, value, 0


def _pin(value: Any) -> tuple[str, Any, int]:
    """Pins were booleans, numbers and texts; a file holds all of them."""
    spelled = value.strip().lower() if isinstance(value, str) else _encode(value).decode()
    if spelled in _TRUE or spelled in _FALSE:
        return "pin", spelled in _TRUE, 0
    return "legacy_pin", value, 0
