"""The OpenAPI description of the HTTP routes, made from the table of commands, so that neither can go its own way."""

from __future__ import annotations

from typing import Any

from chatdoc.apps.server.command_specs import NAME_LENGTH_MAX, SPECS

_PATH = {
    "name": "path",
    "in": "path",
    "required": True,
    "description": "The document's path below the served folder; it may contain slashes.",
    "schema": {"type": "string", "pattern": r"\.(sage-)?chat$"},
    "example": "team.chat",
}


def openapi(*, knows_users: bool = True) -> dict[str, Any]:
    """The description, version 3.1; a server that `knows_users` needs no author in a command."""
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
            "schemas": {
                "Command": {"oneOf": [_command(name, knows_users) for name in SPECS]},
                "Answer": _ANSWER,
            },
        },
        "security": [{"token": []}, {}],
        "paths": {
            "/healthz": {"get": _operation("Whether the process answers")},
            "/readyz": {"get": _operation("Whether documents can be opened", also=("503",))},
            "/metrics": {"get": _operation("Metrics as Prometheus reads them", content="text/plain", also=("401",))},
            "/api/openapi.json": {"get": _operation("This description")},
            "/api/documents": {"get": _operation("The documents, and unreadable folders", also=("401", "503"))},
            "/api/system/reindex": {
                "post": _operation(
                    "Read the session logs of agents anew; `sources` in the body, all without",
                    also=("400", "401", "409", "500"),
                )
            },
            f"{documents}/commands": {
                "parameters": [_PATH],
                "post": {
                    **_operation("Carry out a command; with a command_id that was used before, its first answer",
                                 also=(*_OF_A_DOCUMENT, "409", "413", "415")),
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Command"}}},
                    },
                },
            },
            f"{documents}/threads": {
                "parameters": [_PATH],
                "get": _operation(
                    "A page of threads with config and state, oldest first; `before` leads to the one before",
                    _query("before", "string"),
                    _LIMIT,
                    _query("deleted", "boolean"),
                    also=_OF_A_DOCUMENT,
                ),
            },
            f"{documents}/messages": {
                "parameters": [_PATH],
                "get": _operation(
                    "A page of a thread's messages, oldest first; `before` in the answer leads to the page before it",
                    _query("thread", "string", required=True),
                    _query("before", "string"),
                    _LIMIT,
                    _query("deleted", "boolean"),
                    also=_OF_A_DOCUMENT,
                ),
            },
            f"{documents}/events": {
                "parameters": [_PATH],
                "get": _operation(
                    "A page of the event log, or, with Accept: text/event-stream, the log followed live",
                    {"name": "after", "in": "query", "schema": _SEQUENCE},
                    _LIMIT,
                    {"name": "Last-Event-ID", "in": "header", "schema": _SEQUENCE},
                    also=(*_OF_A_DOCUMENT, "409"),
                ),
            },
            f"{documents}/integrity": {
                "parameters": [_PATH],
                "get": _operation(
                    "The integrity report with `unwritten`, why the text does not reach its file, or null; or, with"
                    " Accept: text/event-stream, each time it changes",
                    _query("full", "boolean"),
                    also=_OF_A_DOCUMENT,
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


def _command(name: str, knows_users: bool) -> dict[str, Any]:
    spec = SPECS[name]
    author = (spec.author,) if spec.author is not None else ()
    needed = spec.required if knows_users else (*spec.required, *author)
    fields = {
        **dict.fromkeys(spec.optional, _NULLABLE),
        **{one: {"type": "string"} for one in spec.required},
        **{one: _KINDS[one] for one in (*spec.required, *spec.optional) if one in _KINDS},
        **dict.fromkeys(author, _NAME),
        "command_id": {**_NAME, "type": ["string", "null"]},
    }
    return {
        "type": "object",
        "title": name,
        "required": ["type", *needed],
        "properties": {"type": {"const": name}, **fields},
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
        "responses": answers
        | {status: {"description": _STATUS[status]} for status in sorted({*also, "403"})},
    }


_NAME = {"type": "string", "minLength": 1, "maxLength": NAME_LENGTH_MAX}
_NULLABLE = {"type": ["string", "null"]}
_KINDS: dict[str, dict[str, Any]] = {
    "pin": {"type": ["boolean", "null"]},
    "acp_config": {"type": ["object", "null"]},
    "fields": {"type": "object"},
    "metadata": {"type": ["object", "null"]},
    "payload": {},
    "turn_count": {"type": "integer", "minimum": 0},
}
"""Fields that are no text."""
_SEQUENCE = {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}
_LIMIT = {"name": "limit", "in": "query", "schema": _SEQUENCE}
_OF_A_DOCUMENT = ("400", "401", "404", "410", "503")


_STATUS = {
    "400": "The command, or what is asked for, cannot be read",
    "401": "No token, or an unknown one",
    "403": "This client may not do that, or a page of another origin asked",
    "404": "There is no such document or record",
    "409": "The command is refused, or its id belongs to another command; the log does not reach so far",
    "410": "The document lives in another place now, which the message names",
    "413": "The body is too large",
    "415": "The body is no JSON",
    "500": "The logs could not be read anew",
    "503": "The document cannot be opened now, or the server is stopping",
}
