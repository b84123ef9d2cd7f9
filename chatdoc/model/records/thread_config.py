"""How a thread looks and which agent answers in it; absent config means these defaults."""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.ids import Stamp, ThreadId


class ThreadConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The present settings of one thread, each the latest change of its field."""

    thread_id: ThreadId
    name: str | None = None
    thread_color: str | None = None
    thread_icon: str | None = None
    pin: bool = False
    acp_config: dict[str, Any] | None = None
    updated_at: str | None = None
    updated_by: str | None = None
    extra: dict[str, Any] = {}
    """Fields of other software, kept as they came."""


class ConfigChange(msgspec.Struct, frozen=True, kw_only=True):
    """Who set a field, when, to what; a value of None cleared it. `acp_config.model` is a field."""

    thread_id: ThreadId
    field: str
    value: Any
    by: str
    stamp: Stamp
    at: str
