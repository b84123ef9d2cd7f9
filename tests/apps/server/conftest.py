"""The tests of this room ask for real Yjs clients and a real server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.server.serving import Serving
from tests.apps.server.yjs_clients import Clients, install


@pytest.fixture
def clients() -> Iterator[Clients]:
    """Real clients; their absence fails the test, unless CHATDOC_WITHOUT_NODE=1 says that it is meant."""
    if os.environ.get("CHATDOC_WITHOUT_NODE") == "1":
        pytest.skip("CHATDOC_WITHOUT_NODE=1: not tried with real Yjs clients")
    try:
        install()
    except RuntimeError as error:
        pytest.fail(str(error))
    with Clients() as running:
        yield running


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """A server that anybody may use."""
    with Serving(tmp_path) as running:
        yield running
