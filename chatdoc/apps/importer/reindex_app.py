"""`POST /api/system/reindex` as an ASGI application of its own, which a server mounts behind its own admission."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chatdoc.apps.importer.documents import Target
from chatdoc.apps.importer.outcome import ImportReport
from chatdoc.apps.importer.reindex import reindex, require_sources
from chatdoc.apps.importer.run import Importer
from chatdoc.model.clock import Clock, system_clock
from chatdoc.model.errors import ChatdocError, CommandRefused
from chatdoc.settings import Settings, read_settings

PATH = "/api/system/reindex"
BODY_BYTES_MAX = 64 * 1024


def reindex_routes(
    folder: Path,
    *,
    settings: Callable[[], Settings] | None = None,
    environment: Mapping[str, str] = os.environ,
    clock: Clock = system_clock,
    words: Callable[[object], str] = str,
) -> list[Route]:
    """The route for one workspace folder; a second request while one runs is answered with 409.

    `words` is what a client is told of an error, or of a path.
    """
    busy = threading.Lock()
    read = settings or (lambda: read_settings(environment, Path.home()))

    def run(sources: tuple[str, ...]) -> ImportReport:
        with Importer(Target(folder), read(), clock=clock, sources=sources) as importer:
            return reindex(importer, sources)

    async def answer(request: Request) -> Response:
        try:
            sources = _sources(await request.body())
        except CommandRefused as error:
            return _json(400, {"ok": False, "error": str(error), "hint": error.hint})
        if not busy.acquire(blocking=False):
            return _json(409, {"ok": False, "error": "a reindex is running", "hint": "Wait for its answer"})
        try:
            report = await run_in_threadpool(run, sources)
        except ChatdocError as error:
            return _json(500, {"ok": False, "error": words(error), "hint": words(error.hint)})
        finally:
            busy.release()
        told = {"ok": report.ok, "sources": sources, "counts": report.counts}
        failed = [
            {"path": words(one.path), "error": words(one.error)} for one in report.sessions if one.error
        ]
        return _json(200, {**told, "failed": failed, "missing": [words(one) for one in report.missing]})

    return [Route(PATH, answer, methods=["POST"])]


def build_reindex_app(folder: Path, **options: Any) -> Starlette:
    """The application of one workspace folder, to run or to mount."""
    return Starlette(routes=list(reindex_routes(folder, **options)))


def _sources(body: bytes) -> tuple[str, ...]:
    if not body.strip():
        return require_sources(None)
    if len(body) > BODY_BYTES_MAX:
        raise CommandRefused(
            f"the body has {len(body)} bytes, at most {BODY_BYTES_MAX} are read", hint="Send less"
        )
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CommandRefused("the body is no JSON", hint='Send {"sources": ["codex"]}, or nothing') from error
    if not isinstance(said, dict) or said.keys() - {"sources"}:
        raise CommandRefused("expected an object with sources only", hint='Send {"sources": ["codex"]}')
    return require_sources(said.get("sources"))


def _json(status: int, value: object) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
