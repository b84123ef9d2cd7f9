"""Where a token travels: in a header or the first message, never in an address, which proxies and logs write down."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from urllib.parse import unquote

from starlette.requests import HTTPConnection

from chatdoc.apps.server.principal import Credentials, Principal
from chatdoc.model.errors import CommandRefused

SUBPROTOCOL = "chatdoc"
_BEARER = "bearer."
COOKIE = "chatdoc_token"


def credentials_of(connection: HTTPConnection, path: str) -> Credentials:
    """What a request shows: `Authorization: Bearer`, a websocket subprotocol `bearer.…`, or the page's cookie."""
    headers = connection.headers
    kind, _, token = headers.get("authorization", "").partition(" ")
    found = token.strip() if kind.lower() == "bearer" else None
    for one in _subprotocols(connection):
        if found is None and one.startswith(_BEARER):
            found = one[len(_BEARER) :]
    if found is None and COOKIE in connection.cookies:
        found = unquote(connection.cookies[COOKIE])
    address = connection.client.host if connection.client is not None else None
    return Credentials(
        token=found or None, path=path, address=address, headers=dict(headers), scope=connection.scope
    )


def offers_subprotocol(connection: HTTPConnection) -> bool:
    """Whether the client speaks JSON beside y-protocols."""
    return SUBPROTOCOL in _subprotocols(connection)


def _subprotocols(connection: HTTPConnection) -> list[str]:
    return [one.strip() for one in connection.headers.get("sec-websocket-protocol", "").split(",")]


class TokenFile:
    """Authenticates by the lines of a file: a token, then a user id and `read`, `write` or `any`, both optional.

    `write` writes under the user's own id only, `any` under every id; a line with a token alone is `any`.
    """

    def __init__(self, text: str) -> None:
        self._principals: dict[bytes, Principal] = {}
        lines: dict[bytes, int] = {}
        for number, line in enumerate(text.splitlines(), 1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            token, principal = _digest(words[0]), _principal(words, number)
            first = lines.setdefault(token, number)
            if self._principals.setdefault(token, principal) != principal:
                raise CommandRefused(
                    f"lines {first} and {number} of the token file have the same token for different users or rights",
                    hint="Give each a token of its own",
                )
        if not self._principals:
            raise CommandRefused(
                "the token file has no token", hint="Write one line a token: TOKEN [USER [read|write|any]]"
            )

    def __call__(self, credentials: Credentials) -> Principal | None:
        """Who has this token; all are compared, in time that does not tell which was near."""
        shown = _digest(credentials.token or "")
        found = None
        for digest, principal in self._principals.items():
            if hmac.compare_digest(digest, shown):
                found = principal
        return found


def read_token_file(file: Path) -> TokenFile:
    """The tokens of a file as any editor saves it; raises CommandRefused for what is none."""
    try:
        return TokenFile(file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise CommandRefused(
            f"the token file {file} is no UTF-8 text", hint="Save it as UTF-8, one line a token"
        ) from error


def _principal(words: list[str], number: int) -> Principal:
    user_id = words[1] if len(words) > 1 else ""
    may = words[2] if len(words) > 2 else "write" if user_id else "any"
    if len(words) > 3 or may not in ("read", "write", "any"):
        raise CommandRefused(f"line {number} of the token file: expected TOKEN [USER [read|write|any]]")
    own = frozenset((user_id,)) if may == "write" else None
    return Principal(user_id=user_id, speaks_for=own, read_only=may == "read", may_debug=may == "any")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
