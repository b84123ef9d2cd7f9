"""The OpenAPI description of the HTTP routes, made from the table of commands, so that neither can go its own way."""

from __future__ import annotations

from typing import Any

from chatdoc.apps.server.command_specs import SPECS

_PATH = {
    "name": "path",
    "in": "path",
    "required": True,
    "description": "The document's path below the served folder; it may contain slashes.",
    "schema": {"type": "string"},
}


def openapi() -> dict[str, Any]:
    """The description, version 3.1."""
    documents = "/api/documents/{path}"
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "chatdoc server",
            "version": "1",
            "description": "Keys are the fields of the records. Changes over websocket are described in docs/sync.md.",
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Command": {"oneOf": [_command(name) for name in SPECS]}, "Answer": _ANSWER},
        },
        "security": [{"token": []}, {}],
        "paths": {
            "/healthz": {"get": _operation("Whether the process answers")},
            "/readyz": {"get": _operation("Whether documents can be opened", also=("503",))},
            "/metrics": {"get": _operation("Metrics as Prometheus reads them", content="text/plain")},
            "/api/openapi.json": {"get": _operation("This description")},
            "/api/documents": {"get": _operation("The documents of the folder")},
            "/api/system/reindex": {
                "post": _operation(
                    "Read the session logs of agents anew; `sources` in the body, all without",
                    also=("400", "401", "403", "409"),
                )
            },
            f"{documents}/commands": {
                "parameters": [_PATH],
                "post": {
                    **_operation("Carry out a command; with a command_id that was used before, its first answer",
                                 also=("400", "401", "403", "404", "409", "413", "415", "503")),
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Command"}}},
                    },
                },
            },
            f"{documents}/threads": {
                "parameters": [_PATH],
                "get": _operation("Threads with config and state", _query("deleted", "boolean")),
            },
            f"{documents}/messages": {
                "parameters": [_PATH],
                "get": _operation(
                    "A page of a thread's messages, oldest first; `before` in the answer leads to the page before it",
                    _query("thread", "string", required=True),
                    _query("before", "string"),
                    _query("limit", "integer"),
                    _query("deleted", "boolean"),
                ),
            },
            f"{documents}/events": {
                "parameters": [_PATH],
                "get": _operation(
                    "A page of the event log, or, with Accept: text/event-stream, the log followed live",
                    _query("after", "integer"),
                    _query("limit", "integer"),
                    {"name": "Last-Event-ID", "in": "header", "schema": {"type": "integer"}},
                ),
            },
            f"{documents}/integrity": {
                "parameters": [_PATH],
                "get": _operation(
                    "The integrity report, or, with Accept: text/event-stream, each time it changes",
                    _query("full", "boolean"),
                ),
            },
        },
    }  # fmt: skip


_ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["type", "ok", "command_id", "receipt"],
    "properties": {
        "type": {"const": "answer"},
        "ok": {"type": "boolean"},
        "command_id": {"type": ["string", "null"]},
        "receipt": {"type": ["object", "null"]},
        "kind": {"type": "string", "description": "Message, Thread or ThreadConfig"},
        "record": {"type": "object"},
        "sequence": {"type": "integer", "description": "Of the event, for commands that only the log knows"},
        "error": {
            "type": "object",
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        },
    },
}


def _command(name: str) -> dict[str, Any]:
    spec = SPECS[name]
    author = (spec.author,) if spec.author is not None else ()
    names = (*spec.required, *author, *spec.optional, "command_id")
    return {
        "type": "object",
        "title": name,
        "required": ["type", *spec.required],
        "properties": {"type": {"const": name}, **{one: {} for one in names}},
        "additionalProperties": False,
    }


def _query(name: str, kind: str, *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "schema": {"type": kind}}


def _operation(
    summary: str, *parameters: dict[str, Any], content: str = "application/json", also: tuple[str, ...] = ()
) -> dict[str, Any]:
    answers: dict[str, Any] = {"200": {"description": "Done", "content": {content: {}}}}
    return {
        "summary": summary,
        "parameters": list(parameters),
        "responses": answers | {status: {"description": _STATUS[status]} for status in also},
    }


_STATUS = {
    "400": "The command cannot be read",
    "401": "No token, or an unknown one",
    "403": "This client may not do that, or a page of another origin asked",
    "404": "There is no such document or record",
    "409": "The command is refused, or its id belongs to another command",
    "413": "The body is too large",
    "415": "The body is no JSON",
    "503": "The document cannot be opened now, or the server is stopping",
}
