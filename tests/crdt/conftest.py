"""The tests of this room may ask for a real Yjs client."""

from __future__ import annotations

import os

import pytest

from tests.crdt.yjs_peer import YjsPeer, install


@pytest.fixture(scope="session")
def yjs() -> YjsPeer:
    """A Yjs client; its absence fails the test, unless CHATDOC_WITHOUT_NODE=1 says that it is meant."""
    if os.environ.get("CHATDOC_WITHOUT_NODE") == "1":
        pytest.skip("CHATDOC_WITHOUT_NODE=1: not compared with a real Yjs client")
    try:
        install()
    except RuntimeError as error:
        pytest.fail(str(error))
    return YjsPeer()
