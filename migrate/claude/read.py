"""Claude Code session reader: one line in, its items out; a message split over lines is counted once, by its id.

The graph of parents forks, has gaps and is no order; items come in the order of the file and keep their uuid.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from migrate.claude import kinds
from migrate.claude.shape import Block, Line, Message, Usage, decode, loosely
from migrate.claude.state import ClaudeState
from migrate.session.item import Item, Tokens

_COMMAND = re.compile(r"<command-name>(.*?)</command-name>", re.DOTALL)
_ARGUMENTS = re.compile(r"<command-args>(.*?)</command-args>", re.DOTALL)
SYNTHETIC = "<synthetic>"
_ATTIC: Final = "attic"


def read(state: ClaudeState, raw: bytes) -> list[Item]:
    """The items of one JSON value; raises msgspec.DecodeError or UnicodeDecodeError for what is none."""
    try:
        line = decode(raw)
    except msgspec.ValidationError:
        line = loosely(raw)
    found: list[Item] = []
    if line.session_id is not None:
        _settle(state, line, found)
    _record(state, line, found)
    if line.is_sidechain and not state.agent_id and not state.is_sidechain:
        for item in found:
            item.session = line.agent_id or "sidechain"
    return found


def _record(state: ClaudeState, line: Line, found: list[Item]) -> None:
    kind = line.type
    if kind == "assistant":
        _assistant(state, line, found)
    elif kind == "user":
        _user(state, line, found)
    elif kind == "system":
        _system(line, found)
    elif kind == "attachment":
        _attachment(line, found)
    elif kind == "summary":
        found.append(Item("setting", name="name", data=line.summary, key="summary"))
    elif kind == "ai-title":
        found.append(Item("setting", name="name", data=line.ai_title))
    elif kind == "custom-title":
        found.append(Item("setting", name="name", data=line.custom_title))
    elif kind in kinds.SILENT:
        inner = line.data.type if line.data is not None else ""
        if kind == "progress" and inner and inner not in kinds.SILENT_PROGRESS:
            found.append(Item("unknown", name=f"claude/progress/{inner}"))
        else:
            found.append(Item(_ATTIC, name=f"{kind}/{inner}" if inner else kind or ""))
    else:
        found.append(Item("unknown", name=f"claude/{kind or '?'}"))


def _settle(state: ClaudeState, line: Line, found: list[Item]) -> None:
    """The first record with a session names it; where it and its folder change, later ones say so."""
    if not state.session_id:
        state.session_id = line.session_id or ""
        state.is_sidechain = line.is_sidechain is True
        state.agent_id = line.agent_id or "" if line.is_sidechain else ""
        found.append(Item("setting", name="sessionId", data=line.session_id, at=line.timestamp))
    if state.started_at is None:
        state.started_at = line.timestamp
    if line.cwd is not None and not state.cwd:
        state.cwd = line.cwd
        found.append(Item("setting", name="cwd", data=line.cwd, at=line.timestamp))
    if line.version is not None and line.version != state.version:
        state.version = line.version
        found.append(Item("setting", name="cli_version", data=line.version, at=line.timestamp))


def _assistant(state: ClaudeState, line: Line, found: list[Item]) -> None:
    message, at = line.message, line.timestamp
    if not isinstance(message, Message):
        found.append(Item(_ATTIC, name="assistant without message"))
        return
    before = len(found)
    synthetic = message.model == SYNTHETIC
    if message.model and not synthetic and message.model != state.model:
        state.model = message.model
        found.append(Item("setting", name="model", data=message.model, at=at))
    key = line.uuid or ""
    blocks = message.content
    if isinstance(blocks, str):
        blocks = [Block(type="text", text=blocks)]
    for place, block in enumerate(blocks or ()):
        place_key = key if place == 0 else f"{key}/{place}"
        if block.type == "text":
            if block.text and block.text.strip():
                if line.is_api_error_message:
                    found.append(Item("end", name="error", text=block.text, at=at))
                elif synthetic:
                    found.append(Item(_ATTIC, name="synthetic"))
                else:
                    found.append(Item("answer", place_key, block.text, at, parent=line.parent_uuid or ""))
        elif block.type == "thinking":
            if block.thinking and block.thinking.strip():
                found.append(Item("reasoning", place_key, block.thinking, at, parent=line.parent_uuid or ""))
        elif block.type in ("tool_use", "server_tool_use"):
            found.append(Item("call", name=block.name or "?", call=block.id or "", data=block.input, at=at))
        elif block.type != "redacted_thinking":
            found.append(Item("unknown", name=f"claude/assistant/{block.type or '?'}"))
    if message.usage is not None and not synthetic:
        spent = state.spend(message.id or line.uuid or "", _figures(message.usage))
        if spent is not None:
            found.append(Item("usage", data=spent, at=at))
    if len(found) == before:
        found.append(Item(_ATTIC, name="empty message"))


def _user(state: ClaudeState, line: Line, found: list[Item]) -> None:
    message, at, key = line.message, line.timestamp, line.uuid or ""
    content = message.content if isinstance(message, Message) else message
    blocks = [Block(type="text", text=content)] if isinstance(content, str) else content or []
    results = [block for block in blocks if block.type == "tool_result"]
    for block in results:
        text = _flat(block.content)
        found.append(
            Item("result", call=block.tool_use_id or "", text=text, data=block.is_error is True, at=at)
        )
    text = "\n\n".join(
        block.text or f"[{block.type}]"
        for block in blocks
        if block.type != "tool_result" and (block.text or block.type != "text")
    )
    if results:
        if text.strip():
            found.append(_beside(text, key, at))
    elif line.is_meta or line.is_compact_summary:
        found.append(Item(_ATTIC, name="compact summary" if line.is_compact_summary else "meta"))
    elif text.startswith(kinds.INTERRUPT):
        found.append(Item("end", name="interrupted", text=text.strip("[]"), at=at))
    elif text.startswith(kinds.COMMAND):
        command, arguments = _COMMAND.search(text), _ARGUMENTS.search(text)
        typed = f"{command[1] if command else ''} {arguments[1] if arguments else ''}".strip()
        found.append(Item("said", key, typed, at, parent=line.parent_uuid or ""))
    elif text.startswith(kinds.NO_PROMPT) or not text.strip():
        found.append(Item(_ATTIC, name="output of a command" if text.strip() else "empty message"))
    else:
        # In a file of its own a sub-agent's first message is what its parent asked of it.
        found.append(Item("prompt", key, text, at, parent=line.parent_uuid or ""))
    if not found:
        found.append(Item(_ATTIC, name="empty message"))


def _beside(text: str, key: str, at: str | None) -> Item:
    """A text beside a result: what a person said when asked, or that he stopped the turn."""
    if text.startswith(kinds.INTERRUPT):
        return Item("end", name="interrupted", text=text.strip("[]"), at=at)
    return Item("said", key=key, text=text, at=at)


def _system(line: Line, found: list[Item]) -> None:
    kind, at = line.subtype, line.timestamp
    if kind == "compact_boundary":
        found.append(Item("boundary", key=line.uuid or "", at=at))
    elif kind == "turn_duration":
        found.append(Item("end", name="completed", at=at))
    elif kind in kinds.SILENT_SYSTEM or kind is None:
        found.append(Item(_ATTIC, name=f"system/{kind or 'text'}"))
    else:
        found.append(Item("unknown", name=f"claude/system/{kind}"))


def _attachment(line: Line, found: list[Item]) -> None:
    kind = line.attachment.type if line.attachment is not None else ""
    if line.attachment is not None and kind == "queued_command":
        text = _flat(line.attachment.prompt)
        if text.strip() and not text.startswith(kinds.NO_PROMPT):
            found.append(Item("said", key=line.uuid or "", text=text, at=line.timestamp))
        else:
            found.append(Item(_ATTIC, name="attachment/queued_command"))
    elif kind in kinds.SILENT_ATTACHMENTS:
        found.append(Item(_ATTIC, name=f"attachment/{kind}"))
    else:
        found.append(Item("unknown", name=f"claude/attachment/{kind or '?'}"))


def _flat(content: Any) -> str:
    """The texts of a result: a text, or a list of pieces; what is no text is named."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        return msgspec.json.encode(content).decode()
    pieces: list[str] = []
    for one in content:
        text = one.get("text") if isinstance(one, dict) else one
        kind = one.get("type") if isinstance(one, dict) else None
        pieces.append(text if isinstance(text, str) else f"[{kind if isinstance(kind, str) else '?'}]")
    return "\n\n".join(pieces)


def _figures(usage: Usage) -> Tokens:
    fresh, written = usage.input_tokens, usage.cache_creation_input_tokens
    cached, output = usage.cache_read_input_tokens, usage.output_tokens
    if not (type(fresh) is type(written) is type(cached) is type(output) is int):
        fresh, written, cached, output = (
            one if type(one) is int else 0 for one in (fresh, written, cached, output)
        )
    return Tokens(fresh, cached, output, 0, fresh + written + cached + output)
