"""The ASGI application: routes in one table, each with who may use it, behind the origin check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from chatdoc.apps.client_files import client_routes
from chatdoc.apps.server.api import Api
from chatdoc.apps.server.debug_page import DebugPage
from chatdoc.apps.server.origin_check import OriginCheck
from chatdoc.apps.server.reindex_route import reindex_routes
from chatdoc.apps.server.sync_socket import serve_socket
from chatdoc.apps.server.unknown_address import answer_unknown_address

if TYPE_CHECKING:
    from chatdoc.apps.server.rooms import Rooms


def build_app(rooms: Rooms) -> ASGIApp:
    """The application of a folder's rooms, to run or to mount."""
    app = Starlette(routes=routes(rooms), exception_handlers={HTTPException: answer_unknown_address})
    return OriginCheck(app, hosts=rooms.allowed_hosts, origins=rooms.allowed_origins)


def routes(rooms: Rooms) -> list[BaseRoute]:
    """Every route there is."""

    async def sync(websocket: WebSocket) -> None:
        await serve_socket(rooms, websocket)

    api = Api(rooms)
    documents = "/api/documents/{path:path}"
    return [
        WebSocketRoute("/sync", sync),
        WebSocketRoute("/sync/{path:path}", sync),
        Route("/healthz", api.healthz),
        Route("/readyz", api.readyz),
        Route("/metrics", api.metrics),
        Route("/api/openapi.json", api.openapi),
        Route("/api/documents", api.documents),
        Route(f"{documents}/commands", api.commands, methods=["POST"]),
        Route(f"{documents}/threads", api.threads),
        Route(f"{documents}/messages", api.messages),
        Route(f"{documents}/events", api.events),
        Route(f"{documents}/integrity", api.integrity),
        *reindex_routes(rooms),
        *DebugPage(rooms).routes(),
        *client_routes(),
    ]
