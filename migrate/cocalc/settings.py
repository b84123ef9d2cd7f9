"""A thread's config is gathered from everywhere it was ever written; nothing that lost is dropped.

Each source of settings has a rank. The best word for a field gets the stamp of its own time, the others get stamps
before it, so they stay in the field's history, and any edit made later goes before all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from chatdoc.ids import Stamp, ThreadId, derive
from chatdoc.records.facts import SettingFact

_encode = msgspec.json.Encoder(order="deterministic").encode
_TRUE = (True, 1, "true", "1", "True")
_NAME_LENGTH_MAX = 120


class Said(NamedTuple):
    """Fields somebody wrote: the lower the rank, the more they count; `ms` is when, `by` who."""

    rank: int
    ms: int
    by: str
    fields: dict[str, Any]


def settings_of(thread_id: ThreadId, root_ms: int, said: Iterable[Said]) -> list[SettingFact]:
    """One fact for every different word on a field, the best with the greatest stamp."""
    words: dict[str, dict[bytes, tuple[int, int, str, Any]]] = {}
    for one in said:
        for field, value in _flat(one.fields):
            spelled = _encode(value)
            known = words.setdefault(field, {})
            word = (one.rank, -one.ms, one.by, value)
            if spelled not in known or word[:3] < known[spelled][:3]:
                known[spelled] = word
    facts = []
    for field in sorted(words):
        best = sorted(words[field].items(), key=lambda item: (item[1][:3], item[0]))
        top = max(root_ms, max(-word[1] for _, word in best[:1]))
        for place, (spelled, (_, _, by, value)) in enumerate(best):
            ms = max(top - place, 0)
            stamp = Stamp(derive("setting", ms, thread_id, field, spelled.decode()))
            facts.append(SettingFact(thread_id=thread_id, field=field, stamp=stamp, value=value, by=by))
    return facts


def _flat(fields: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    for field, value in fields.items():
        if value is None or not field or len(field) > _NAME_LENGTH_MAX:
            continue
        if field == "acp_config" and isinstance(value, dict):
            for name, inner in value.items():
                if inner is not None and name and len(name) <= _NAME_LENGTH_MAX:
                    yield f"acp_config.{name}", inner
        elif field == "pin":
            if value in _TRUE:
                yield field, True
        elif field in ("name", "thread_color", "thread_icon"):
            if isinstance(value, str) and value.strip():
                yield field, value.strip()
            elif not isinstance(value, str):
                yield f"legacy_{field}", value
        elif field in ("acp_config", "deleted", "stamps", "event", "extra") or field.startswith(
            "acp_config."
        ):
            yield f"legacy_{field}", value
        else:
            yield field, value
