"""ACP traffic reader: one line in, its items out; chunks have no ids and become one text until something else comes."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from migrate.acp.shape import Line, Params, Rpc, Update, decode_line, decode_rpc, loosely
from migrate.acp.state import AcpState, Run
from migrate.session.item import Item

RUNS = {"agent_message_chunk": "answer", "agent_thought_chunk": "reasoning"}
SILENT_UPDATES = frozenset(
    [
        "user_message_chunk",
        "plan",
        "available_commands_update",
        "current_mode_update",
        "config_option_update",
        "usage_update",
    ]
)
SILENT_METHODS = frozenset(
    [
        "initialize",
        "authenticate",
        "session/cancel",
        "session/set_mode",
        "session/set_model",
        "session/set_config_option",
        "session/list",
        "session/fork",
        "session/resume",
        "session/close",
        "session/request_permission",
        "fs/read_text_file",
        "fs/write_text_file",
        "terminal/create",
        "terminal/output",
        "terminal/wait_for_exit",
        "terminal/kill",
        "terminal/release",
    ]
)
SILENT_CHANNELS = frozenset(
    {"scenario-result", "scenario-error", "permission-decision", "lifecycle", "stderr"}
)
_STOPS = {"cancelled": "interrupted", "refusal": "error"}
_OVER = frozenset({"completed", "failed"})
_ATTIC: Final = "attic"
UPDATE = "update"
"""The key of items that are updates of a session though nothing is shown of them: they end a text, too."""


def read(state: AcpState, raw: bytes) -> list[Item]:
    """The items of one JSON value; raises msgspec.DecodeError or UnicodeDecodeError for what is none."""
    try:
        line = decode_line(raw)
    except msgspec.ValidationError:
        line = loosely(raw, Line)
    rpc = line.message
    if rpc is None and line.jsonrpc is not None:
        try:
            rpc = decode_rpc(raw)
        except msgspec.ValidationError:
            rpc = loosely(raw, Rpc)
    if rpc is None:
        kind = line.channel or "?"
        if kind in SILENT_CHANNELS:
            return [Item(_ATTIC, name=kind, session=state.current)]
        return [Item("unknown", name=f"acp/{kind}", session=state.current)]
    at = line.ts
    if state.started_at is None:
        state.started_at = at
    if rpc.method is not None:
        return _request(state, rpc, rpc.params or Params(), at)
    return _answer(state, rpc, at)


def broken_by(state: AcpState, items: list[Item]) -> list[Item]:
    """The texts that end because of these items: whatever is no chunk of the same kind ends a session's text."""
    ended: list[Item] = []
    for item in items:
        run = state.runs.get(item.session)
        if run is not None and (item.kind != _ATTIC or item.key == UPDATE):
            if item.kind == "chunk" and item.name == run.kind:
                continue
            del state.runs[item.session]
            ended += _ended(run, item.session)
    for item in items:
        if item.kind == "chunk":
            run = state.runs.setdefault(item.session, Run(item.name, [], item.at))
            run.pieces.append(item.text)
    return ended


def pending(state: AcpState) -> list[Item]:
    """The texts that are streaming at the end of what was read."""
    return [item for session, run in state.runs.items() for item in _ended(run, session)]


def _ended(run: Run, session: str) -> list[Item]:
    text = "".join(run.pieces)
    if not text:
        return []
    return [Item("answer" if run.kind == "answer" else "reasoning", text=text, at=run.at, session=session)]


def _request(state: AcpState, rpc: Rpc, params: Params, at: str | None) -> list[Item]:
    method, session = rpc.method or "", params.session_id or state.current
    if rpc.id is not None and method.startswith("session/") and method != "session/request_permission":
        state.requests[str(rpc.id)] = [method, session]
    if method == "session/update":
        if params.update is None:
            return [Item("unknown", name="acp/session/update without update", session=session)]
        _meet(state, session)
        return _update(state, params.update, session, at)
    if method == "session/prompt":
        _meet(state, session)
        state.current = session
        return [Item("prompt", text=_flat(params.prompt), at=at, session=session)]
    if method in ("session/new", "session/load"):
        if method == "session/load":
            _meet(state, session)
            state.loading.append(session)
        if params.cwd:
            state.cwd = params.cwd
        return [Item("setting", name="cwd", data=params.cwd, at=at, session=session)]
    if method in SILENT_METHODS:
        return [Item(_ATTIC, name=method, session=session)]
    return [Item("unknown", name=f"acp/{method}", session=session)]


def _answer(state: AcpState, rpc: Rpc, at: str | None) -> list[Item]:
    method, session = state.requests.pop(str(rpc.id), ["", state.current])
    result = rpc.result
    if method == "session/new" and result is not None and result.session_id is not None:
        state.current = result.session_id
        _meet(state, result.session_id)
        return [Item("setting", name="sessionId", data=result.session_id, at=at, session=result.session_id)]
    if method == "session/load":
        state.loading = [one for one in state.loading if one != session]
        state.current = session
    if method == "session/prompt":
        reason = result.stop_reason if result is not None else None
        how = "error" if rpc.error is not None else _STOPS.get(reason or "", "completed")
        return [Item("end", name=how, text=reason or "", at=at, session=session)]
    return [Item(_ATTIC, name=f"answer to {method or 'a request'}", session=session)]


def _update(state: AcpState, update: Update, session: str, at: str | None) -> list[Item]:
    kind = update.session_update or "?"
    if session in state.loading:
        return [Item(_ATTIC, name=f"replayed {kind}", session=session)]
    if kind in RUNS:
        return [Item("chunk", name=RUNS[kind], text=_flat(update.content), at=at, session=session)]
    call = update.tool_call_id or ""
    if kind == "tool_call" and call not in state.calls:
        state.calls[call] = update.title or ""
        name = update.kind or "tool"
        given = update.raw_input if update.raw_input else update.title
        begun = Item("call", name=name, call=call, data=given, at=at, session=session)
        if update.status not in _OVER:
            return [begun]
        return [begun, _result(update, call, session, at, with_call=True)]
    if kind in ("tool_call", "tool_call_update"):
        if update.title:
            state.calls[call] = update.title
        if update.status in _OVER:
            return [_result(update, call, session, at, name=state.calls.pop(call, ""))]
        return [Item(_ATTIC, UPDATE, name=f"{kind}/{update.status or '?'}", session=session)]
    if kind == "session_info_update":
        return [Item("setting", name="name", data=update.title, at=at, session=session)]
    if kind in SILENT_UPDATES:
        return [Item(_ATTIC, UPDATE, name=kind, session=session)]
    return [Item("unknown", name=f"acp/session/update/{kind}", session=session)]


def _result(
    update: Update, call: str, session: str, at: str | None, *, name: str = "", with_call: bool = False
) -> Item:
    return Item(
        "result",
        name=name,
        call=call,
        text=_flat(update.content) or _output(update.raw_output),
        data=update.status == "failed",
        at=at,
        session=session,
        with_call=with_call,
    )


def _meet(state: AcpState, session: str) -> None:
    if not state.session_id:
        state.session_id = session


def _flat(content: Any) -> str:
    """The texts of a prompt, a chunk or a call's content; what is no text is named."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list):
        return "\n\n".join(one for one in map(_flat, content) if one)
    if not isinstance(content, dict):
        return ""
    if isinstance(content.get("text"), str):
        return str(content["text"])
    if isinstance(content.get("content"), dict):
        return _flat(content["content"])
    kind = content.get("type")
    if kind == "diff" and isinstance(content.get("newText"), str):
        was, path = content.get("oldText"), content.get("path")
        return "\n".join(
            [*([f"--- {path}", was] if isinstance(was, str) else ()), f"+++ {path}", content["newText"]]
        )
    return f"[{kind}]" if isinstance(kind, str) else ""


def _output(raw: Any) -> str:
    if isinstance(raw, dict) and isinstance(raw.get("stdout"), str):
        return str(raw["stdout"]) + (raw["stderr"] if isinstance(raw.get("stderr"), str) else "")
    if raw is None or isinstance(raw, str):
        return raw or ""
    return msgspec.json.encode(raw).decode()
