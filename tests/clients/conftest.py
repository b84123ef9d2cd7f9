"""Tests of the JavaScript client run it in a real Node, and its page in a real Chromium."""

from __future__ import annotations

import os

import pytest

from tests.clients import js_package


@pytest.fixture(scope="session")
def js() -> None:
    """The client's package with its dependencies; CHATDOC_WITHOUT_NODE=1 skips."""
    if os.environ.get("CHATDOC_WITHOUT_NODE") == "1":
        pytest.skip("CHATDOC_WITHOUT_NODE=1: nothing compared with the JavaScript client")
    try:
        js_package.install()
    except RuntimeError as error:
        pytest.fail(str(error))
