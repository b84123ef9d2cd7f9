"""Configuring a thread writes the fields that were given and no other, each with its own stamp."""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.arguments import equal, require_text, require_thread, require_value
from chatdoc.model.commands.given import CONFIG_FIELDS, require_fields
from chatdoc.model.commands.plan import Now, Plan
from chatdoc.model.copy_json import own
from chatdoc.model.errors import CommandRefused
from chatdoc.model.facts import SettingFact
from chatdoc.model.ids import Stamp, ThreadId
from chatdoc.model.limits import FIELD_LENGTH_MAX
from chatdoc.model.view.assemble import ACP
from chatdoc.model.view.view import View

_TYPES: dict[str, type] = {"name": str, "thread_color": str, "thread_icon": str, "pin": bool}
_NOT_CONFIG = {"thread_id", "updated_at", "updated_by", "extra", "stamps", "event", "deleted"}


class ConfigureThread(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Set fields of a thread's config; None clears one. `acp_config` merges field by field."""

    thread_id: ThreadId
    updated_by: str
    config: dict[str, Any]


def decide(command: ConfigureThread, view: View, now: Now) -> Plan:
    """The plan for the fields that change; its answer is the config."""
    require_thread(view, command.thread_id, "configure")
    require_text("updated_by", command.updated_by)
    facts = settings(view, command.thread_id, command.config, command.updated_by, now)
    return Plan(facts=tuple(facts), kind="config", subject=command.thread_id)


def settings(view: View, thread_id: ThreadId, config: dict[str, Any], by: str, now: Now) -> list[SettingFact]:
    """One fact for every field whose value differs from the present one, in field order."""
    require_fields(config, CONFIG_FIELDS, "config")
    flat: dict[str, Any] = {}
    present = view.settings.get(thread_id, {})
    for field, value in config.items():
        _require_field(field, value)
        if field != "acp_config":
            flat[field] = value
        elif value is None:
            flat |= {one: None for one in present if one.startswith(ACP)}
        else:
            flat |= {ACP + name: inner for name, inner in value.items()}
    facts = []
    for field in sorted(flat):
        history = present.get(field)
        if equal(history[-1].value if history else None, flat[field]):
            continue
        stamp = Stamp(now.ids.mint(above=history[-1].stamp if history else ""))
        facts.append(
            SettingFact(thread_id=thread_id, field=field, stamp=stamp, value=own(flat[field]), by=by)
        )
    return facts


def _require_field(field: str, value: Any) -> None:
    require_value(field, value)
    if field in _NOT_CONFIG or not field or len(field) > FIELD_LENGTH_MAX or field.startswith(ACP):
        raise CommandRefused(
            f"{field[:FIELD_LENGTH_MAX]!r} is not a field one can configure",
            hint="Give name, thread_color, thread_icon, pin, acp_config={…} or a field of your own",
        )
    kind = _TYPES.get(field)
    if kind is not None and value is not None and not isinstance(value, kind):
        raise CommandRefused(f"{field}: expected {kind.__name__} or None, got {type(value).__name__}")
    if field == "acp_config" and value is not None:
        if not isinstance(value, dict):
            raise CommandRefused(f"acp_config: expected a dict of fields or None, got {type(value).__name__}")
        for name in value:
            if not name or len(name) > FIELD_LENGTH_MAX:
                raise CommandRefused(
                    f"acp_config: expected field names of 1 to {FIELD_LENGTH_MAX} characters, got {name[:80]!r}"
                )
