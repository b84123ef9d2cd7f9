"""Origin and Host checks against cross-site requests and DNS rebinding, before anything else sees a request."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatdoc.model.arguments import shortly
from chatdoc.model.errors import CommandRefused

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def host_names(given: Collection[str]) -> frozenset[str]:
    """Names of a server as requests spell them; raises CommandRefused for what no request could say."""
    hint = "Give a list of names like chat.example.org, with a port where that is not the scheme's own"
    return _matching("allowed_hosts", given, _HOST, hint)


def origins_of_pages(given: Collection[str]) -> frozenset[str]:
    """Origins as browsers spell them; raises CommandRefused for what no browser could say."""
    return _matching(
        "allowed_origins", given, _ORIGIN, "Give a list of origins like https://chat.example.org"
    )


_HOST = re.compile(r"[^\s/?#@*,]+")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@*,]+")


def _matching(name: str, given: Collection[str], pattern: re.Pattern[str], hint: str) -> frozenset[str]:
    found = [given] if isinstance(given, str) else [one.lower() for one in given]
    for one in found:
        if given is one or not pattern.fullmatch(one):
            raise CommandRefused(f"{name}: {shortly(one)} would never match", hint=hint)
    return frozenset(found)


class OriginCheck:
    """Lets through what is addressed to this server by its own name, from its own pages or from no page at all."""

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], origins: Collection[str]) -> None:
        self._app = app
        self._hosts = hosts
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 403."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        problem = self.problem(Headers(scope=scope))
        if problem is None:
            await self._app(scope, receive, _with_headers(send) if scope["type"] == "http" else send)
        elif scope["type"] == "http":
            await PlainTextResponse(problem, 403, headers=_HEADERS)(scope, receive, send)
        else:
            await receive()
            await send(
                {"type": "websocket.close", "code": 1008, "reason": problem}
            )  # A 403 to the handshake.

    def problem(self, headers: Headers) -> str | None:
        """What is wrong with where a request comes from or goes to, or None."""
        host = headers.get("host", "").lower()
        name = _parts(f"//{host}").hostname
        if name is None or not (name in LOOPBACK or name in self._hosts or host in self._hosts):
            return f"this server is not called {shortly(host)}; see --allow-host, or Rooms(allowed_hosts=…)"
        origins = headers.getlist("origin")
        if not origins:
            return (
                None
                if headers.get("sec-fetch-site") in _OWN_SITES
                else "a page of another site may not ask this"
            )
        if len(origins) > 1:
            return "expected one Origin"
        origin = origins[0].lower()
        parts = _parts(origin)
        if origin in self._origins or _is_own(parts, host):
            return None
        return "a page of another origin may not use this server; see --allow-origin, or Rooms(allowed_origins=…)"


def _parts(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:  # No address: brackets without an IPv6 address in them, say.
        return urlsplit("")


def _is_own(origin: SplitResult, host: str) -> bool:
    """Whether a page comes from this server; a port that goes without saying may be said by a proxy."""
    port = _PORTS.get(origin.scheme)
    return port is not None and origin.netloc.removesuffix(port) == host.removesuffix(port)


_PORTS = {"http": ":80", "https": ":443"}
_OWN_SITES = (None, "same-origin", "none")
"""What a browser says of a request of our own pages or of its user; other programs say nothing."""


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
