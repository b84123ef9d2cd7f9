"""Tests of the JavaScript client run it in a real Node, and its page in a real Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.clients import js_package
from tests.clients.stage import Stage


@pytest.fixture(scope="session")
def js() -> None:
    """The client's package with its dependencies; CHATDOC_WITHOUT_NODE=1 skips."""
    if os.environ.get("CHATDOC_WITHOUT_NODE") == "1":
        pytest.skip("CHATDOC_WITHOUT_NODE=1: nothing compared with the JavaScript client")
    try:
        js_package.install()
    except RuntimeError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="session")
def stage(js: None) -> Iterator[Stage]:
    """A stage in Chromium; its absence fails the test, unless CHATDOC_WITHOUT_BROWSER=1 says that it is meant."""
    if os.environ.get("CHATDOC_WITHOUT_BROWSER") == "1":
        pytest.skip("CHATDOC_WITHOUT_BROWSER=1: the page was not tried in a browser")
    if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        pytest.fail("chromium is not installed; CHATDOC_WITHOUT_BROWSER=1 skips the tests that need it")
    with Stage() as running:
        yield running
