"""The debug page's routes: pages are rendered here, state changes need the page's token, content never runs."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from chatdoc.apps.server.api import as_json, read_body
from chatdoc.apps.server.client_words import client_words
from chatdoc.apps.server.commands import status_of
from chatdoc.apps.server.credentials import COOKIE, credentials_of
from chatdoc.apps.server.debug_data import read_page
from chatdoc.apps.server.debug_integrity import integrity_view
from chatdoc.apps.server.debug_parts import page, problem, way_up
from chatdoc.apps.server.debug_view import document_view, folder_view
from chatdoc.apps.server.principal import Principal
from chatdoc.apps.server.room import Room
from chatdoc.apps.server.unwritten import why_unwritten
from chatdoc.document import Document
from chatdoc.model.errors import ChatdocError, NotFound
from chatdoc.model.html import Html, tag
from invariants.report import IntegrityReport

if TYPE_CHECKING:
    from chatdoc.apps.server.rooms import Rooms

ACTION_BYTES_MAX = 64 * 1024
_ASSETS = {"debug.css": "text/css", "debug.js": "text/javascript", "icon.svg": "image/svg+xml"}


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a button of the page asks for."""

    action: str
    code: str = ""
    subject: str = ""


class DebugPage:
    """The pages under `/debug`."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def routes(self) -> list[BaseRoute]:
        """Every route of the debug page."""
        return [
            Route("/debug-assets/{name}", self.asset),
            Route("/debug-login", self.log_in, methods=["POST"]),
            Route("/debug", self.folder),
            Route("/debug/{path:path}", self.document),
            Route("/debug/{path:path}", self.act, methods=["POST"]),
        ]

    async def asset(self, request: Request) -> Response:
        """A file of the page itself; asks for no token."""
        name = request.path_params["name"]
        if name not in _ASSETS:
            return Response("there is no such file", 404)
        content = files("chatdoc.apps.server").joinpath("static", name).read_bytes()
        return Response(content, media_type=_ASSETS[name], headers={"Cache-Control": "no-cache"})

    async def log_in(self, request: Request) -> Response:
        """Keep a token in a cookie that scripts cannot read and other sites do not send."""
        body = await read_body(request, ACTION_BYTES_MAX)
        token = (body or b"").decode("utf-8", "replace")
        shown = msgspec.structs.replace(credentials_of(request, ""), token=token)
        principal = await self._rooms.identify(shown)
        if principal is None or not principal.may_debug:
            return as_json({"ok": False}, 401)
        answer = as_json({"ok": True})
        answer.set_cookie(
            COOKIE,
            quote(token, safe=""),  # A header takes few characters as they are.
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
            path=request.scope.get("root_path", "") or "/",
        )
        return answer

    async def folder(self, request: Request) -> Response:
        """The documents of the folder."""

        async def found(principal: Principal, base: str) -> Response:
            rooms = dict(self._rooms.open_rooms())
            listing = await self._rooms.listing()
            reports = dict(
                zip(
                    rooms,
                    await asyncio.gather(*(one.report.checked() for one in rooms.values())),
                    strict=True,
                )
            )
            rows: list[tuple[str, bool, int, int, IntegrityReport | None]] = []
            for name in listing.names:
                room = rooms.get(name)
                clients = len(room.members) if room is not None else 0
                size = _size(self._rooms.folder / name)
                rows.append((name, room is not None, clients, size, reports.get(name)))
            title = self._rooms.folder.name
            return self._page(title, folder_view(title, rows, listing.unreadable, base), base)

        return await self._as(request, found)

    async def document(self, request: Request) -> Response:
        """One document, opened for it when it is not."""
        name, thread_id = request.path_params["path"], request.query_params.get("thread")

        async def found(principal: Principal, base: str) -> Response:
            if not name:
                return RedirectResponse(f"{base}/debug")
            async with self._rooms.use(name, create=False) as room:
                store = _place_of(room, self._rooms.folder)
                folder, failure = self._rooms.folder, room.autosave.failure
                shown, unwritten = await room.look_up(
                    lambda doc: (read_page(doc, thread_id, store), why_unwritten(doc, name, folder, failure))
                )
                reasons = {
                    "changes not stored": "the disk is full; they are tried again"
                    if room.full_disk.is_full
                    else None,
                    "text not written": unwritten,
                    "read only": shown.read_only,
                }
                told = {what: self._rooms.words(why) for what, why in reasons.items() if why is not None}
                # In a thread: a page of hundreds of long texts takes a while to make, and nobody waits for it else.
                clients = len(room.members)
                body = await asyncio.to_thread(document_view, name, shown, clients, told, base)
            data = {"document": f"{base}/api/documents/{quote(name)}", "after": str(shown.last_event)}
            return self._page(name, body, base, {**data, "act": f"{base}/debug/{quote(name)}"})

        return await self._as(request, found)

    async def act(self, request: Request) -> Response:
        """Check everything, or repair: only what the page itself asks for, as the person who clicked."""

        async def found(principal: Principal, base: str) -> Response:
            shown = request.headers.get("x-chatdoc-token", "")
            if not hmac.compare_digest(shown.encode(), self._rooms.page_token.encode()):
                return as_json({"ok": False, "said": "reload this page: its token is not the server's"}, 403)
            body = await read_body(request, ACTION_BYTES_MAX)
            try:
                action = msgspec.json.decode(body or b"", type=Action)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                return as_json({"ok": False, "said": "expected an action"}, 400)
            if action.action != "check" and principal.read_only:
                return as_json({"ok": False, "said": "this user may only read"}, 403)
            by = principal.user_id or "debug"
            async with self._rooms.use(request.path_params["path"], create=False) as room:
                said, report = await room.call(lambda doc: carry_out(doc, action, by=by))
            return as_json(
                {"ok": True, "said": said, "html": str(integrity_view(report)), "clean": report.ok}
            )

        return await self._as(request, found)

    def _page(self, title: str, body: Html, base: str, data: dict[str, str] | None = None) -> Response:
        content = page(title, body, base=base, token=self._rooms.page_token, data=data)
        return HTMLResponse(content, headers={"Cache-Control": "no-store"})

    async def _as(self, request: Request, found: Callable[[Principal, str], Awaitable[Response]]) -> Response:
        base = way_up(request)
        principal = await self._rooms.identify(credentials_of(request, request.path_params.get("path", "")))
        if principal is None or not principal.may_debug:
            form = tag(
                "main",
                tag("h1", "chatdoc debug"),
                tag("p", "This server asks for a token that may see everything."),
                tag(
                    "form",
                    tag("label", "Token ", tag("input", type="password", name="token", autocomplete="off")),
                    tag("button", "Show the page", type="submit"),
                    tag("output", "", id="said", aria_live="polite"),
                    id="login",
                ),
            )
            return HTMLResponse(
                page("chatdoc debug", form, base=base, token=""), 401, headers={"WWW-Authenticate": "Bearer"}
            )
        try:
            return await found(principal, base)
        except ChatdocError as error:
            words = self._rooms.words(error)
            body = problem("This document cannot be shown", words, "All documents", f"{base}/debug")
            return HTMLResponse(page("chatdoc debug", body, base=base, token=""), status_of(error)[0])


def carry_out(doc: Document, action: Action, *, by: str) -> tuple[str, Any]:
    """Do what a button asks for; what became of it in words, and the report then."""
    report = doc.check(full=action.action == "check")
    if action.action == "check":
        return f"looked at everything: {'clean' if report.ok else 'broken'}", report
    if action.action == "repair_all":
        done = doc.repair_all(by=by)
        return f"{len(done.repaired)} repaired, {len(done.refused)} refused", done.report
    if action.action != "repair":
        raise NotFound("expected the action check, repair or repair_all")
    for one in (*report.violations, *report.diagnostics):
        if (one.code, one.subject) == (action.code, action.subject):
            return "repaired", doc.repair(one, by=by)
    raise NotFound("this violation is not there any more", hint="The page shows what is")


def _place_of(room: Room, folder: Path) -> str:
    """Where the store of a document is, in words that leave this machine."""
    return client_words(str(room.store_paths[0]), folder) if room.store_paths else "none"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
