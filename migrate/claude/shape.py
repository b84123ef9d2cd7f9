"""Typed decoding of Claude Code session lines: one struct for all kinds, unread fields are skipped unseen."""

from __future__ import annotations

from typing import Any

import msgspec

from migrate.session.loosely import Nested, fitting


class Usage(msgspec.Struct, gc=False):
    """Token counts of one API message; an export may have put texts where the figures were."""

    input_tokens: Any = None
    cache_creation_input_tokens: Any = None
    cache_read_input_tokens: Any = None
    output_tokens: Any = None


class Block(msgspec.Struct, gc=False):
    """A piece of a message: text, thinking, tool_use, tool_result, image."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    id: str | None = None
    name: str | None = None
    input: Any = None
    tool_use_id: str | None = None
    content: Any = None
    is_error: Any = None


class Message(msgspec.Struct, gc=False):
    """The API message of a line; one message may stand in several lines."""

    id: str | None = None
    role: str | None = None
    model: str | None = None
    content: str | list[Block] | None = None
    usage: Usage | None = None


class Kinded(msgspec.Struct, gc=False):
    """What a progress or attachment record is about."""

    type: str = ""
    prompt: Any = None


class Line(msgspec.Struct, gc=False, rename="camel"):
    """One line of a session."""

    type: str | None = None
    subtype: str | None = None
    uuid: str | None = None
    parent_uuid: str | None = None
    session_id: str | None = None
    agent_id: str | None = None
    timestamp: str | None = None
    cwd: str | None = None
    version: str | None = None
    is_sidechain: bool | None = None
    is_meta: bool | None = None
    is_compact_summary: bool | None = None
    is_api_error_message: bool | None = None
    message: Message | str | None = None
    data: Kinded | None = None
    attachment: Kinded | None = None
    summary: str | None = None
    ai_title: str | None = None
    custom_title: str | None = None
    content: Any = None


_NESTED: Nested = {
    (Line, "message"): Message,
    (Line, "data"): Kinded,
    (Line, "attachment"): Kinded,
    (Message, "usage"): Usage,
}

decode = msgspec.json.Decoder(Line).decode


def loosely(raw: bytes) -> Line:
    """The line with those of its fields that are of the expected kinds."""
    line: Line = fitting(msgspec.json.decode(raw), Line, _NESTED)
    return line
