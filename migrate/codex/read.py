"""Codex rollout reader: one line in, its items out, for every generation of the format; what it does not know it names.

Content is taken from the items of the model's context; events repeat it, and are read for the life of turns only.
What most lines become is made of positional arguments, which costs half of what named ones do.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from migrate.codex.fork import ends_copy, link_of
from migrate.codex.kinds import CALLS, INJECTED, INJECTED_BEGIN, RESULTS, SILENT_EVENTS, SILENT_ITEMS
from migrate.codex.shape import Body, Figures, Line, Part, decode_body, decode_line, loosely
from migrate.codex.state import CodexState
from migrate.session.item import Item, Tokens

_EXITS = ("Process exited with code ", "Exit code: ")
_ATTIC: Final = "attic"


def read(state: CodexState, raw: bytes) -> list[Item]:
    """The items of one JSON value; raises msgspec.DecodeError or UnicodeDecodeError for what is none."""
    try:
        line = decode_line(raw)
    except msgspec.ValidationError:
        line = loosely(raw, Line)
    body = line.payload
    if body is None:
        return _old(state, raw, line)
    if line.ordinal is not None and state.repeats(line.ordinal, raw):
        return [Item(_ATTIC, name="duplicate_ordinal")]
    kind = line.type
    if state.copying and not ends_copy(state, line, body):
        return _copied(state, kind, body)
    at = line.timestamp
    if kind == "response_item":
        return _item(state, body, at)
    if kind == "event_msg":
        return _event(state, body, at)
    if kind == "session_meta":
        return _meta(state, body, at, raw)
    if kind == "turn_context":
        return _context(state, body, at, raw)
    if kind == "compacted":
        text = body.message if isinstance(body.message, str) else ""
        return [Item("boundary", text=text, at=at), Item(_ATTIC, name=kind, data=raw)]
    if kind in ("world_state", "inter_agent_communication_metadata"):
        return [Item(_ATTIC, "", "", None, kind)]
    return [Item("unknown", name=f"codex/{kind or '?'}")]


def _old(state: CodexState, raw: bytes, line: Line) -> list[Item]:
    """A line of before September 2025: a header, a state mark, or a bare item without any time."""
    try:
        body = decode_body(raw)
    except msgspec.ValidationError:
        body = loosely(raw, Body)
    if body.record_type is not None:
        return [Item(_ATTIC, name="state")]
    if body.type is None and body.id is not None and body.timestamp is not None:
        return _meta(state, body, body.timestamp, raw)
    if body.type in CALLS or body.type in RESULTS or body.type in ("message", "reasoning"):
        return _item(state, body, body.timestamp)
    return [Item("unknown", name=f"codex/{line.type or '?'}")]


def _meta(state: CodexState, body: Body, at: str | None, raw: bytes) -> list[Item]:
    """The first one names the session; the same again is a resumed session, another one begins a copied history.

    Its instructions and tools are part of no message, so the line is kept besides.
    """
    own = body.id or body.session_id
    if own is None:
        return [Item("unknown", name="codex/session_meta without id")]
    if state.session_id and own == state.session_id:
        state.resumed += 1
        return [Item(_ATTIC, name="session_meta")]
    if state.has_meta:
        if not state.began:
            state.copying = True
            state.copied += 1
        return [Item(_ATTIC, name="session_meta of the parent")]
    state.has_meta = True
    state.session_id = own
    state.started_at = body.timestamp or at
    state.forked = body.forked_from_id is not None and body.history_base is None
    state.link = link_of(body)
    found = [("sessionId", own), ("cwd", body.cwd), ("cli_version", body.cli_version)]
    found.append(("model_provider", body.model_provider))
    said = [Item("setting", name=name, data=value, at=at) for name, value in found if value]
    return [*said, Item(_ATTIC, name="session_meta", data=raw)]


def _copied(state: CodexState, kind: str | None, body: Body) -> list[Item]:
    """A record of the parent: linked, not imported; only the tokens it had spent are remembered."""
    state.copied += 1
    if kind == "event_msg" and body.type == "token_count" and body.info and body.info.total_token_usage:
        state.base = state.total = _tokens(body.info.total_token_usage)
    return [Item(_ATTIC, name="copied")]


def _context(state: CodexState, body: Body, at: str | None, raw: bytes) -> list[Item]:
    """What a turn is carried out with; the line is kept where it says something else than the one before it."""
    if state.is_before_fork(body.turn_id):
        state.copying = True
        return _copied(state, "turn_context", body)
    found = [("model", body.model), ("effort", body.effort), ("cwd", body.cwd)]
    said = [Item("setting", name=name, data=value, at=at) for name, value in found if value]
    if state.is_other_context(raw):
        said.append(Item(_ATTIC, name="turn_context", data=raw))
    return said or [Item(_ATTIC, name="turn_context")]


def _event(state: CodexState, body: Body, at: str | None) -> list[Item]:
    kind = body.type
    if kind == "token_count":
        return _count(state, body, at)
    if kind in SILENT_EVENTS:
        return [Item(_ATTIC, "", "", None, kind)]
    if kind in ("task_started", "turn_started"):
        if state.is_before_fork(body.turn_id):
            state.copying = True
            return _copied(state, "event_msg", body)
        state.began = True
        return [Item("begin", key=body.turn_id or "", at=at)]
    if kind in ("task_complete", "turn_complete"):
        return [Item("end", key=body.turn_id or "", name="completed", at=at)]
    if kind == "turn_aborted":
        state.replay = state.last_prompt
        return [Item("end", key=body.turn_id or "", name="interrupted", text=body.reason or "", at=at)]
    if kind == "error":
        return [Item("end", name="error", text=body.message if isinstance(body.message, str) else "", at=at)]
    if kind == "thread_name_updated":
        return [Item("setting", name="name", data=body.thread_name, at=at)]
    if kind == "thread_settings_applied":
        model = body.thread_settings.get("model") if isinstance(body.thread_settings, dict) else None
        return (
            [Item("setting", name="model", data=model, at=at)]
            if model
            else [Item(_ATTIC, "", "", None, kind)]
        )
    return [Item("unknown", name=f"codex/event_msg/{kind or '?'}")]


def _count(state: CodexState, body: Body, at: str | None) -> list[Item]:
    """Tokens since the last count; one that repeats the same total says nothing new."""
    if body.info is None or body.info.total_token_usage is None:
        return [Item(_ATTIC, "", "", None, "token_count")]
    figures, before = body.info.total_token_usage, state.total
    if before is not None and figures.total_tokens == before.total and _tokens(figures) == before:
        return [Item(_ATTIC, "", "", None, "token_count")]
    state.total = _tokens(figures)
    last = body.info.last_token_usage
    return [Item("usage", "", "", at, "", "", Tokens() if last is None else _tokens(last))]


def _item(state: CodexState, body: Body, at: str | None) -> list[Item]:
    kind = body.type
    if kind == "message":
        return _message(state, body, at)
    if kind in CALLS:
        given = body.arguments if body.arguments is not None else body.input
        given = given if given is not None else body.action
        call = body.call_id or (body.id if kind != "web_search_call" else None) or ""
        return [Item("call", "", "", at, body.name or kind[:-5], call, given)]
    if kind in RESULTS:
        text, failed = _output(body.output)
        return [Item("result", "", text, at, "", body.call_id or "", failed)]
    if kind == "reasoning":
        text = _joined(body.summary) or _joined(body.content)
        return (
            [Item("reasoning", "", text, at)] if text.strip() else [Item(_ATTIC, "", "", None, "reasoning")]
        )
    if kind in SILENT_ITEMS:
        return [Item(_ATTIC, "", "", None, kind)]
    return [Item("unknown", name=f"codex/response_item/{kind or '?'}")]


def _message(state: CodexState, body: Body, at: str | None) -> list[Item]:
    text = _joined(body.content)
    if body.role == "assistant":
        return [Item("answer", "", text, at)] if text.strip() else [Item(_ATTIC, name="empty message")]
    if body.role != "user":
        return [Item(_ATTIC, name=f"message/{body.role or '?'}")]
    parts = [body.content] if isinstance(body.content, str) else [one.text for one in body.content or ()]
    texts = [one for one in parts if one]
    if texts and all(map(_is_injected, texts)):
        return [Item(_ATTIC, name="injected message")]
    if not text.strip():
        return [Item(_ATTIC, name="empty message")]
    if state.replay and text == state.replay:
        state.replay = ""
        return [Item(_ATTIC, name="replayed prompt")]
    state.replay, state.last_prompt = "", text
    return [Item("prompt", "", text, at)]


def _is_injected(text: str) -> bool:
    """Whether a text is one that the tool put in; most begin otherwise, which one character tells."""
    begun = text.lstrip()
    return begun[:1] in INJECTED_BEGIN and begun.startswith(INJECTED)


def _joined(content: str | list[Part] | None) -> str:
    if not content:
        return ""
    if isinstance(content, str):
        return content
    if len(content) == 1:
        part = content[0]
        return part.text if part.text is not None else f"[{part.type}]"
    return "\n\n".join(part.text if part.text is not None else f"[{part.type}]" for part in content)


def _output(output: Any) -> tuple[str, bool]:
    """The text of a result, and whether it says that the call failed."""
    if type(output) is str:
        text = output
    elif isinstance(output, dict):
        told = _told(output["content"]) if "content" in output else None
        return _as_json(output) if told is None else told, output.get("success") is False
    else:
        told = _told(output)
        text = _as_json(output) if told is None else told
    if text.startswith('{"output"'):
        try:
            wrapped = msgspec.json.decode(text)
        except msgspec.DecodeError:
            return text, False
        inner, meta = wrapped.get("output"), wrapped.get("metadata")
        code = meta.get("exit_code") if isinstance(meta, dict) else None
        return inner if isinstance(inner, str) else text, code not in (None, 0)
    for exit_code in _EXITS:
        place = text.find(exit_code, 0, 400)
        if place >= 0:
            return text, text[place + len(exit_code) : place + len(exit_code) + 2].strip() != "0"
    return text, False


def _told(content: Any) -> str | None:
    """The texts of a result's content; None where it has some of another shape than they had so far."""
    if content is None or isinstance(content, str):
        return content or ""
    try:
        return _joined(msgspec.convert(content, list[Part]))
    except msgspec.ValidationError:
        return None


def _as_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _tokens(figures: Figures) -> Tokens:
    return Tokens(
        figures.input_tokens,
        figures.cached_input_tokens,
        figures.output_tokens,
        figures.reasoning_output_tokens,
        figures.total_tokens,
    )
