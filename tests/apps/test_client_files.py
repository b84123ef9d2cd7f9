"""The chat page and its files are served, wherever the rooms are mounted, and nothing else of the folder is."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from chatdoc.apps.client_files import client_routes
from tests.tidy.source import PROJECT

PAGE = PROJECT / "clients" / "js" / "page"


class Browser:
    """Asks an application in which the routes are mounted below a path."""

    def __init__(self) -> None:
        self._app = Starlette(routes=[Mount("/chat", routes=client_routes())])

    def get(self, path: str, **headers: str) -> httpx.Response:
        """The answer to one request."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(
                transport=transport, verify=False, base_url="http://127.0.0.1"
            ) as client:
                return await client.get(path, headers=headers)

        return asyncio.run(ask())


@pytest.fixture
def browser() -> Browser:
    """Somebody who asks."""
    return Browser()


def _named_by(text: str) -> set[str]:
    return set(re.findall(r"(?:href|src)=\"([^\"#]+)\"", text))


def test_page_and_all_it_names_are_served_below_any_path(browser: Browser) -> None:
    """The page names its files relative to itself; each is there, of its type, and every module it imports too."""
    index = browser.get("/chat/")
    assert index.headers["content-type"] == "text/html; charset=utf-8"
    names = _named_by(index.text)
    assert {"client/page/chat.css", "client/page/chat.js", "client/page/icon.svg"} <= names
    types = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    for name in names:
        assert not name.startswith("/")
        came = browser.get(f"/chat/{name}")
        assert came.status_code == 200
        assert came.headers["content-type"].startswith(types[name.rpartition(".")[2]])
    for module in sorted(PAGE.glob("*.js")):
        for imported in re.findall(r"from '([^']+)'", module.read_text(encoding="utf-8")):
            assert browser.get(f"/chat/client/page/{imported}").status_code == 200, (
                f"{module.name}: {imported}"
            )


def test_page_has_nothing_inline() -> None:
    """No script, style or handler stands in the page itself, so that a strict content security policy holds."""
    text = (PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", text)
    for module in PAGE.glob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", module.read_text()
        )


def test_a_file_is_sent_once_while_it_is_the_same(browser: Browser) -> None:
    """A browser that has a file asks with its tag, and is told that it is still the same."""
    first = browser.get("/chat/client/dist/chatdoc-client.js")
    again = browser.get("/chat/client/dist/chatdoc-client.js", **{"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


@pytest.mark.parametrize(
    "path", ["package.json", "src/index.js", "test/page.mjs", "page/../package.json", "page/"]
)
def test_no_other_file_is_served(browser: Browser, path: str) -> None:
    """Sources, tests and the package's own files are not there."""
    assert browser.get(f"/chat/client/{path}").status_code == 404
