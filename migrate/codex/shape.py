"""Typed decoding of Codex rollout lines: only the fields that are read are built, all others are skipped unseen.

One struct holds the fields of all kinds, because a line is then read in one pass; what a field of an odd type says is
left out by `loosely`, so that a kind of value to come costs a field and not a line.
"""

from __future__ import annotations

from typing import Any

import msgspec

from migrate.session.loosely import Nested, fitting


class Part(msgspec.Struct, gc=False):
    """A piece of content: a text, an image, a summary."""

    type: str = ""
    text: str | None = None


class Figures(msgspec.Struct, gc=False):
    """Token counts of one kind."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_output_tokens: int = 0
    total_tokens: int = 0


class Info(msgspec.Struct, gc=False):
    """What a token_count says: of the whole session, and since the last request."""

    total_token_usage: Figures | None = None
    last_token_usage: Figures | None = None


class Body(msgspec.Struct, gc=False):
    """What a record says, of whatever kind; before September 2025 this was the whole line."""

    type: str | None = None
    role: str | None = None
    content: str | list[Part] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: Any = None
    input: Any = None
    output: Any = None
    action: Any = None
    status: Any = None
    summary: str | list[Part] | None = None
    info: Info | None = None
    turn_id: str | None = None
    reason: str | None = None
    message: Any = None
    id: str | None = None
    session_id: str | None = None
    forked_from_id: str | None = None
    parent_thread_id: str | None = None
    source: Any = None
    thread_source: str | None = None
    timestamp: str | None = None
    cwd: str | None = None
    model: str | None = None
    effort: str | None = None
    cli_version: str | None = None
    model_provider: str | None = None
    thread_name: str | None = None
    thread_settings: Any = None
    history_mode: str | None = None
    history_base: Any = None
    record_type: str | None = None
    phase: str | None = None


class Line(msgspec.Struct, gc=False):
    """One line since September 2025."""

    type: str | None = None
    timestamp: str | None = None
    payload: Body | None = None
    ordinal: int | None = None


decode_line = msgspec.json.Decoder(Line).decode
decode_body = msgspec.json.Decoder(Body).decode


NESTED: Nested = {
    (Line, "payload"): Body,
    (Body, "info"): Info,
    (Info, "total_token_usage"): Figures,
    (Info, "last_token_usage"): Figures,
}


def loosely(raw: bytes, kind: type[Any]) -> Any:
    """The same struct from a line with fields of other types than expected: those are left at their defaults.

    Raises msgspec.DecodeError or UnicodeDecodeError for what is no JSON at all.
    """
    return fitting(msgspec.json.decode(raw), kind, NESTED)
