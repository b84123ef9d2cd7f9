"""The HTTP routes: documents, threads, pages of messages, commands, events and integrity, as JSON of the records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from chatdoc.apps.server import commands
from chatdoc.apps.server.credentials import credentials_of
from chatdoc.apps.server.event_stream import follow_events, follow_integrity, page_as_json
from chatdoc.apps.server.metrics import CONTENT_TYPE
from chatdoc.apps.server.openapi import openapi
from chatdoc.apps.server.principal import Principal
from chatdoc.apps.server.unwritten import report_as_json, why_unwritten
from chatdoc.document import Document
from chatdoc.model.errors import ChatdocError
from chatdoc.model.records.thread import Thread

if TYPE_CHECKING:
    from chatdoc.apps.server.rooms import Rooms

Found = TypeVar("Found")
PAGE = 100
_DIGITS_MAX = 15


class Api:
    """What each route answers."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def healthz(self, request: Request) -> Response:
        """Whether the process answers; asks for no token."""
        return as_json({"ok": True})

    async def readyz(self, request: Request) -> Response:
        """Whether documents can be opened; asks for no token."""
        ready = self._rooms.is_ready
        return as_json({"ok": ready}, 200 if ready else 503)

    async def metrics(self, request: Request) -> Response:
        """Prometheus' text format."""

        async def found(principal: Principal) -> Response:
            await self._rooms.refresh_reports()
            return Response(self._rooms.metrics.text(), media_type=CONTENT_TYPE)

        return await self._as(request, found)

    async def openapi(self, request: Request) -> Response:
        """The description of these routes; asks for no token."""
        return as_json(openapi(knows_users=self._rooms.authenticate is not None))

    async def documents(self, request: Request) -> Response:
        """The documents of the folder, and the folders below it that could not be looked into."""

        async def found(principal: Principal) -> Response:
            found = await self._rooms.listing()
            is_open = {name for name, _ in self._rooms.open_rooms()}
            documents = [{"path": one, "open": one in is_open} for one in found.names]
            return as_json({"documents": documents, "unreadable": found.unreadable})

        return await self._as(request, found)

    async def commands(self, request: Request) -> Response:
        """Carry out one command."""

        async def found(principal: Principal) -> Response:
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != "application/json":
                return as_json(
                    commands.refusal(None, "misuse", "expected Content-Type: application/json"), 415
                )
            body = await read_body(request, self._rooms.limits.message_bytes_max)
            if body is None:
                return as_json(commands.refusal(None, "too_large", "the command is too large"), 413)
            use = self._rooms.use(request.path_params["path"])
            status, answer = await commands.answer(
                use, principal, body, self._rooms.metrics, self._rooms.words
            )
            return as_json(answer, status)

        return await self._as(request, found)

    async def threads(self, request: Request) -> Response:
        """The newest threads with config, state and number of messages, or those before one; deleted ones on demand."""

        def asked() -> Callable[[Document], dict[str, Any]]:
            before, limit, deleted = (
                request.query_params.get("before"),
                self._limit(request),
                _flag(request, "deleted"),
            )

            def read(doc: Document) -> dict[str, Any]:
                def spelled(thread: Thread) -> bytes:
                    return msgspec.json.encode(
                        {
                            **msgspec.to_builtins(thread),
                            "config": doc.config(thread.thread_id),
                            "state": doc.state(thread.thread_id),
                            "messages": len(doc.view.messages_of(thread.thread_id)),
                        }
                    )

                found = doc.threads(limit=limit + 1, before=before, deleted=deleted)
                page = self._page(found, limit, spelled)
                first = found[-len(page)].thread_id if len(page) < len(found) else None
                return {"threads": page, "before": first}

            return read

        return await self._read(request, asked)

    async def messages(self, request: Request) -> Response:
        """The newest messages of a thread, or those before one; `before` in the answer leads on, null at the root."""

        def asked() -> Callable[[Document], dict[str, Any]]:
            thread_id, before = request.query_params.get("thread", ""), request.query_params.get("before")
            limit, deleted = self._limit(request), _flag(request, "deleted")

            def read(doc: Document) -> dict[str, Any]:
                found = doc.messages(thread_id, limit=limit + 1, before=before, deleted=deleted)
                page = self._page(found, limit, msgspec.json.encode)
                first = found[-len(page)].message_id if len(page) < len(found) else None
                return {"messages": page, "before": first}

            return read

        return await self._read(request, asked)

    async def events(self, request: Request) -> Response:
        """The event log: a page as JSON, or followed live as server-sent events; `Last-Event-ID` goes on from one."""

        async def found(principal: Principal) -> Response:
            last = request.headers.get("last-event-id")
            after = _number("Last-Event-ID", last) if last else _asked(request, "after")
            limit, name = self._limit(request), request.path_params["path"]
            if _wants_stream(request):
                async with self._rooms.use(name, create=False):
                    pass  # An error is answered as one, before the stream begins.
                return stream(self._while_known(request, follow_events(self._rooms, name, after)))
            async with self._rooms.use(name, create=False) as room:
                most = self._rooms.limits.page_bytes_max
                page = await room.look_up(lambda doc: page_as_json(doc, after or 0, limit, most))
            return Response(page, media_type="application/json")

        return await self._as(request, found)

    async def integrity(self, request: Request) -> Response:
        """The integrity report: now, with `full=1` checked anew, or each time it changes as server-sent events."""

        async def found(principal: Principal) -> Response:
            name, full = request.path_params["path"], _flag(request, "full")
            if _wants_stream(request):
                async with self._rooms.use(name, create=False):
                    pass
                return stream(self._while_known(request, follow_integrity(self._rooms, name)))
            async with self._rooms.use(name, create=False) as room:
                ask = room.call if full else room.look_up  # What is checked anew may be news.
                folder, failure = self._rooms.folder, room.autosave.failure
                report, unwritten = await ask(
                    lambda doc: (doc.check(full=full), why_unwritten(doc, name, folder, failure))
                )
            return Response(report_as_json(report, unwritten), media_type="application/json")

        return await self._as(request, found)

    async def _read(
        self, request: Request, asked: Callable[[], Callable[[Document], dict[str, Any]]]
    ) -> Response:
        async def found(principal: Principal) -> Response:
            read = asked()
            async with self._rooms.use(request.path_params["path"], create=False) as room:
                content = await room.look_up(lambda doc: msgspec.json.encode(read(doc)))
            return Response(content, media_type="application/json")

        return await self._as(request, found)

    async def _while_known(
        self, request: Request, parts: AsyncGenerator[bytes, None]
    ) -> AsyncGenerator[bytes, None]:
        """What is streamed, as long as whoever asked for it may come."""
        time = asyncio.get_running_loop().time
        asked_at = time()
        shown = credentials_of(request, request.path_params["path"])
        async with aclosing(parts):
            async for part in parts:
                if time() - asked_at >= self._rooms.limits.ask_again_s:
                    if await self._rooms.identify(shown) is None:
                        return
                    asked_at = time()
                yield part

    def _limit(self, request: Request) -> int:
        limit = _asked(request, "limit")
        return max(1, min(limit if limit is not None else PAGE, self._rooms.limits.page_max))

    def _page(self, found: list[Found], limit: int, spelled: Callable[[Found], bytes]) -> list[msgspec.Raw]:
        """The last of these, as many as one answer may have and hold; the very last one in any case."""
        page: list[msgspec.Raw] = []
        left = self._rooms.limits.page_bytes_max
        for one in found[: -limit - 1 : -1]:
            text = spelled(one)
            left -= len(text)
            if page and left < 0:
                break
            page.append(msgspec.Raw(text))
        return page[::-1]

    async def _as(self, request: Request, found: Callable[[Principal], Awaitable[Response]]) -> Response:
        path = request.path_params.get("path", "")
        principal = await self._rooms.identify(credentials_of(request, path))
        if principal is None:
            refused = commands.refusal(None, "unknown_token", "expected a token: Authorization: Bearer TOKEN")
            return as_json(refused, 401, {"WWW-Authenticate": "Bearer"})
        try:
            return await found(principal)
        except _Misuse as error:
            return as_json(commands.refusal(None, "misuse", str(error)), 400)
        except ChatdocError as error:
            status, code = commands.status_of(error)
            return as_json(commands.refusal(None, code, self._rooms.words(error)), status)


def as_json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer in JSON that no cache keeps."""
    return Response(
        msgspec.json.encode(value),
        status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def stream(content: Any) -> Response:
    """Server-sent events."""
    return StreamingResponse(
        content,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def read_body(request: Request, bytes_max: int) -> bytes | None:
    """The body of a request, or None as soon as it is too large, or its sender has gone before its end."""
    parts, size = [], 0
    with suppress(ClientDisconnect):
        async for part in request.stream():
            size += len(part)
            if size > bytes_max:
                return None
            parts.append(part)
        return b"".join(parts)
    return None


def _wants_stream(request: Request) -> bool:
    return "text/event-stream" in request.headers.get("accept", "")


class _Misuse(Exception):
    """A query that cannot be read; the words say what was expected."""


def _flag(request: Request, name: str) -> bool:
    given = request.query_params.get(name, "0").lower()
    if given not in ("0", "1", "false", "true"):
        raise _Misuse(f"{name}: expected true or false")
    return given in ("1", "true")


def _asked(request: Request, name: str) -> int | None:
    given = request.query_params.get(name)
    return None if given is None else _number(name, given)


def _number(name: str, given: str) -> int:
    if not (given.isascii() and given.isdecimal()) or len(given) > _DIGITS_MAX:
        raise _Misuse(f"{name}: expected a whole number of at most {_DIGITS_MAX} digits")
    return int(given)
