"""Who asks from where: Host, Origin and tokens are checked on every route, and nothing secret is written down."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from starlette.routing import Route
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from chatdoc.apps.server.app import routes
from chatdoc.apps.server.closing_codes import closing_reason
from chatdoc.apps.server.openapi import openapi
from chatdoc.model.errors import CommandRefused
from chatdoc.serve import Credentials, Principal, Rooms
from tests.apps.server.serving import Serving

SECRET = "s3cret-canary"
TOKEN = 'é%3B; ,"\\\N{SNOWMAN}%'


def test_foreign_hosts_and_origins_are_refused(serving: Serving) -> None:
    """Pages of other sites, sandboxed ones and names that are not ours get 403; our own page and programs do not."""
    own = f"127.0.0.1:{serving.port}"
    refused: list[dict[str, str]] = [
        {"Host": "evil.example"},
        {"Host": f"evil.example:{serving.port}"},
        {"Host": "["},
        {"Host": "[none]"},
        {"Origin": "http://["},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": f"http://localhost.evil.example:{serving.port}"},
        {"Origin": f"http://127.0.0.1:{serving.port + 1}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ]
    for headers in refused:
        for path in ("/healthz", "/api/documents"):
            came = serving.http.get(path, headers=headers)
            assert came.status_code == 403, (headers, came.text)
    good: list[dict[str, str]] = [
        {},
        {"Origin": f"http://{own}"},
        {"Host": f"localhost:{serving.port}"},
        {"Sec-Fetch-Site": "same-origin"},
    ]
    for headers in good:
        assert serving.http.get("/api/documents", headers=headers).status_code == 200, headers


@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("allowed_hosts", ["https://chat.example.org"]), ("allowed_hosts", ["chat.example.org/"]),
        ("allowed_hosts", ["*.example.org"]), ("allowed_hosts", ["a b"]), ("allowed_hosts", [""]),
        ("allowed_hosts", "chat.example.org"), ("allowed_origins", "https://chat.example.org"),
        ("allowed_origins", ["chat.example.org"]), ("allowed_origins", ["https://chat.example.org/"]),
        ("allowed_origins", ["null"]), ("allowed_origins", ["*"]),
    ],
)  # fmt: skip
def test_a_name_that_could_never_match_is_refused_at_once(tmp_path: Path, option: str, given: object) -> None:
    """A host with a scheme, or an origin without one, would be a 403 for everybody, and nobody knows why."""
    with pytest.raises(CommandRefused, match=option):
        Rooms(tmp_path, **{option: given})  # type: ignore[arg-type]
    good = {"allowed_hosts": ["Chat.example.org", "x.org:8443", "::1", "[::1]:80"]}
    assert "chat.example.org" in Rooms(tmp_path, **good).allowed_hosts
    origins = ["https://Chat.example.org:8443", "vscode-webview://1a2b"]
    assert "https://chat.example.org:8443" in Rooms(tmp_path, allowed_origins=origins).allowed_origins


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("localhost:443", "https://localhost", 200),
        ("localhost:80", "http://localhost", 200),
        ("localhost", "https://localhost:443", 200),
        ("localhost:443", "http://localhost", 403),
        ("localhost:8443", "https://localhost", 403),
    ],
)
def test_a_port_that_goes_without_saying_may_be_said(
    serving: Serving, host: str, origin: str, status: int
) -> None:
    """A proxy passes `chat.example.org:443` as Host where a browser says `https://chat.example.org` as Origin."""
    came = serving.http.get("/api/documents", headers={"Host": host, "Origin": origin})
    assert came.status_code == status


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}]
)
def test_a_websocket_from_elsewhere_is_refused(serving: Serving, headers: dict[str, str]) -> None:
    """The handshake of a page of another site is answered with 403."""
    upgrade = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    assert serving.http.get("/sync/a.chat", headers={**upgrade, **headers}).status_code == 403
    assert not (serving.folder / "a.chat").exists()


@pytest.mark.parametrize(
    "path",
    [
        "../a.chat", "a/../../b.chat", "%2e%2e/a.chat", ".chatdoc/store.chat", ".hidden.chat", "a.txt", "a.chat%00",
        "", "no/such/folder/a.chat", "/etc/a.chat", "a\\b.chat", "out/a.chat", "link.chat",
        "a" * 251 + ".chat", "é" * 126 + ".chat", "a" * 256 + "/a.chat", "a/" * 500 + "a.chat",
    ],
)  # fmt: skip
def test_no_name_leads_out_of_the_folder(
    serving: Serving, path: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A name that is no chat file below the folder is not found, and nothing is made."""
    outside = tmp_path_factory.mktemp("outside")
    (serving.folder / "out").symlink_to(outside)
    (serving.folder / "link.chat").symlink_to(outside / "x.chat")
    came = serving.http.get(f"/api/documents/{path}/threads")
    assert came.status_code == 404, came.text
    assert sorted(one.name for one in serving.folder.iterdir()) == ["link.chat", "out"]
    assert not list(outside.iterdir())


def test_a_closing_reason_is_not_cut_within_a_word(serving: Serving) -> None:
    """A closing frame holds 123 bytes: a person reads whole sentences of a longer reason, or whole words."""
    with connect(f"{serving.ws}/x.txt", proxy=None) as socket, pytest.raises(ConnectionClosed) as closed:
        [socket.recv(timeout=30) for _ in range(9)]
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (
        4404,
        "expected the path of a .chat file below the served folder. "
        "Hidden folders, and links that lead out of it, are not served",
    )
    assert closing_reason("The disk is full. " + "x" * 200) == "The disk is full."
    assert closing_reason("ü" * 200) == "ü" * 58 + "…"
    assert closing_reason("word " * 40) == "word " * 22 + "word…"
    assert closing_reason("short") == "short"


def test_every_route_but_health_asks_who_one_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each route in the table answers 401 to a wrong token, and no log line holds a token."""
    caplog.set_level(logging.DEBUG)

    def nobody(credentials: Credentials) -> Principal | None:
        return None

    (tmp_path / "a.chat").touch()
    with Serving(tmp_path, authenticate=nobody) as serving:
        open_to_all = {"/healthz", "/readyz", "/api/openapi.json"}
        for route in routes(serving.rooms):
            if not isinstance(route, Route) or route.path in open_to_all:
                continue
            if route.path == "/" or route.path.startswith(
                ("/client", "/debug-assets")
            ):  # Files of the pages.
                continue
            path = route.path.replace("{path:path}", "a.chat")
            for method in route.methods or ():
                came = serving.http.request(
                    method, path, headers={"Authorization": f"Bearer {SECRET}"}, params={"token": SECRET}
                )
                assert came.status_code == 401, (method, path)
                assert SECRET not in came.text
    ours = [one.getMessage() for one in caplog.records if one.name.startswith(("chatdoc", "uvicorn"))]
    assert SECRET not in "".join(ours)


def test_only_who_may_write_anything_has_logs_read_anew(tmp_path: Path) -> None:
    """The reindex route asks for a principal that speaks for everybody."""
    users = {
        "own": Principal(user_id="ada", speaks_for=frozenset({"ada"})),
        "read": Principal(user_id="eve", read_only=True),
        "any": Principal(user_id="root"),
    }
    with Serving(tmp_path, authenticate=lambda shown: users.get(shown.token or "")) as serving:
        came = {
            name: serving.http.post(
                "/api/system/reindex",
                json={"sources": ["nothing"]},
                headers={"Authorization": f"Bearer {name}"},
            ).status_code
            for name in ("nobody", *users)
        }
    assert came == {"nobody": 401, "own": 403, "read": 403, "any": 400}


def test_the_openapi_document_describes_every_route(tmp_path: Path) -> None:
    """Each HTTP route under /api, and those beside it, is described with its method, and no other."""
    made = {
        (route.path.replace(":path}", "}"), method.lower())
        for route in routes(Rooms(tmp_path))
        if isinstance(route, Route) and not route.path.startswith(("/debug", "/client")) and route.path != "/"
        for method in route.methods or ()
        if method != "HEAD"
    }
    described = {
        (path, method)
        for path, methods in openapi()["paths"].items()
        for method in methods
        if method in ("get", "post")
    }
    assert described == made


def test_any_token_opens_the_debug_page(tmp_path: Path) -> None:
    """Whatever characters it has: it is kept in a cookie, and the next request shows it."""
    with Serving(
        tmp_path, authenticate=lambda shown: Principal(user_id="ada") if shown.token == TOKEN else None
    ) as serving:
        assert serving.http.post("/debug-login", content=TOKEN[:-1].encode()).status_code == 401
        came = serving.http.post("/debug-login", content=TOKEN.encode())
        assert (came.status_code, came.json()) == (200, {"ok": True})
        assert serving.http.get("/debug").status_code == 200  # The client keeps cookies.
