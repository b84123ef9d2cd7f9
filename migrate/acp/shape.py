"""Typed decoding of Agent Client Protocol traffic: JSON-RPC, bare or wrapped in lines of time, channel and message."""

from __future__ import annotations

from typing import Any

import msgspec

from migrate.session.loosely import Nested, fitting


class Update(msgspec.Struct, gc=False, rename="camel"):
    """The update of a session/update notification."""

    session_update: str | None = None
    content: Any = None
    tool_call_id: str | None = None
    title: str | None = None
    kind: str | None = None
    status: str | None = None
    raw_input: Any = None
    raw_output: Any = None


class Params(msgspec.Struct, gc=False, rename="camel"):
    """Parameters of the methods that are read."""

    session_id: str | None = None
    cwd: str | None = None
    prompt: Any = None
    update: Update | None = None


class Result(msgspec.Struct, gc=False, rename="camel"):
    """Results of the methods that are read."""

    session_id: str | None = None
    stop_reason: str | None = None


class Rpc(msgspec.Struct, gc=False):
    """One JSON-RPC message."""

    jsonrpc: Any = None
    id: Any = None
    method: str | None = None
    params: Params | None = None
    result: Result | None = None
    error: Any = None


class Line(msgspec.Struct, gc=False):
    """One wrapped line; a bare message has no channel."""

    ts: str | None = None
    channel: str | None = None
    message: Rpc | None = None
    jsonrpc: Any = None


_NESTED: Nested = {
    (Line, "message"): Rpc,
    (Rpc, "params"): Params,
    (Rpc, "result"): Result,
    (Params, "update"): Update,
}

decode_line = msgspec.json.Decoder(Line).decode
decode_rpc = msgspec.json.Decoder(Rpc).decode


def loosely(raw: bytes, kind: type[Any]) -> Any:
    """The same with those of its fields that are of the expected kinds."""
    return fitting(msgspec.json.decode(raw), kind, _NESTED)
