"""Static file routes of the browser client: the chat page at `/`, below `/client` what it is made of, and nothing else.

In a checkout the files are those of `clients/js`; a wheel carries them beside this module.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

_HERE = Path(__file__).resolve()
_PLACES = (_HERE.with_name("client"), _HERE.parents[2] / "clients" / "js")
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".md": "text/plain",
}


def client_routes() -> list[BaseRoute]:
    """The routes that serve the chat page and the client's one ES module."""
    files = _files()
    routes: list[BaseRoute] = [Route(f"/client/{name}", _answer(path)) for name, path in files.items()]
    if "page/index.html" in files:
        routes.append(Route("/", _answer(files["page/index.html"])))
    return routes


def _files() -> dict[str, Path]:
    """The files there are, by their names below `/client`."""
    home = next((place for place in _PLACES if (place / "dist" / "chatdoc-client.js").is_file()), None)
    if home is None:
        return {}
    found = [*(home / "page").iterdir(), home / "dist" / "chatdoc-client.js", home / "LICENSES.md"]
    return {
        path.relative_to(home).as_posix(): path
        for path in sorted(found)
        if path.suffix in _TYPES and path.is_file()
    }


def _answer(path: Path) -> Callable[[Request], Awaitable[Response]]:
    """What answers with one file, which a browser may keep and asks about each time."""

    async def answer(request: Request) -> Response:
        try:
            content = path.read_bytes()
        except OSError:
            return PlainTextResponse("this file of the client is gone; install chatdoc again", 404)
        headers = {"Cache-Control": "no-cache", "ETag": f'"{sha256(content).hexdigest()[:32]}"'}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=_TYPES[path.suffix], headers=headers)

    return answer
