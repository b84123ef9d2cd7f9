"""The importer's reindex route behind the server's admission: for a client that may write under any name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from chatdoc.apps.server.api import as_json
from chatdoc.apps.server.commands import refusal
from chatdoc.apps.server.credentials import credentials_of

if TYPE_CHECKING:
    from chatdoc.apps.server.rooms import Rooms

Endpoint = Callable[[Request], Awaitable[Response]]


def reindex_routes(rooms: Rooms) -> list[BaseRoute]:
    """The route, or none where the extra `import` is not installed.

    The importer is loaded here and not above, because its libraries are of another extra than the server's.
    """
    try:
        importer: Any = import_module("chatdoc.apps.importer.reindex_app")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("chatdoc", "invariants", "migrate"):
            raise
        return []
    return [
        Route(one.path, _admitted(rooms, one.endpoint), methods=["POST"])
        for one in importer.reindex_routes(rooms.folder, words=rooms.words)
    ]


def _admitted(rooms: Rooms, endpoint: Endpoint) -> Endpoint:
    async def answer(request: Request) -> Response:
        principal = await rooms.identify(credentials_of(request, ""))
        if principal is None:
            return as_json(
                refusal(None, "unknown_token", "expected a token"), 401, {"WWW-Authenticate": "Bearer"}
            )
        if principal.read_only or principal.speaks_for is not None:
            return as_json(
                refusal(None, "not_allowed", "this client may not read the logs of others anew"), 403
            )
        return await endpoint(request)

    return answer
