"""The JavaScript client's own tests hold, and its sources are what their comments say of types."""

from __future__ import annotations

import pytest

from tests.clients.js_package import PACKAGE, node

pytestmark = pytest.mark.usefixtures("js")


def test_own_tests_of_the_client_hold() -> None:
    """`npm test` passes: vectors, commands, synchronisation."""
    tests = [str(path) for path in sorted(PACKAGE.glob("test/*.test.js"))]
    came = node("--test", "--test-reporter=dot", *tests)
    assert came.returncode == 0, (came.stdout + came.stderr)[-4000:]


def test_types_in_comments_are_right() -> None:
    """The TypeScript compiler, at its strictest, finds nothing to say about the sources."""
    came = node("node_modules/typescript/bin/tsc", "-p", "tsconfig.json")
    assert came.returncode == 0, came.stdout[-4000:]
