"""An address that is none is answered as its reader reads, with what to do: a page to a browser, JSON to a program."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from chatdoc.apps.server.api import as_json
from chatdoc.apps.server.commands import refusal
from chatdoc.apps.server.debug_parts import page, problem, way_up

_CODES = {404: "not_found", 405: "misuse"}
_WORDS = {
    404: "there is nothing at this address. api/openapi.json describes what there is",
    405: "this address does not take this method. api/openapi.json describes what there is",
}


async def answer_unknown_address(request: Request, error: Exception) -> Response:
    """The answer where no route was found for an address, or none for the method."""
    assert isinstance(error, HTTPException)
    status = error.status_code
    if "text/html" not in request.headers.get("accept", ""):
        return as_json(refusal(None, _CODES[status], _WORDS[status]), status, dict(error.headers or {}))
    base = way_up(request)
    body = problem(
        "Nothing is here", "the chats of this server are listed on its first page", "All chats", f"{base}/"
    )
    return HTMLResponse(page("chatdoc", body, base=base, token=""), status, dict(error.headers or {}))
