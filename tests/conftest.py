"""Golden files change by `--bless` only, and the difference is read before it is committed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chatdoc.crdt import ydoc

Golden = Callable[[Path, bytes], None]

ydoc.COMPARE_EVERY = 1


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--bless`."""
    parser.addoption("--bless", action="store_true", help="write what came out over the golden files")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """A function that compares bytes with a golden file, or writes the file under `--bless`."""
    bless: bool = request.config.getoption("--bless")

    def compare(path: Path, came: bytes) -> None:
        if bless:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_bytes() != came:
                path.write_bytes(came)
            return
        assert path.exists(), f"no golden file {path}; `make bless` writes it"
        # Lines are compared as text, so that pytest shows the difference.
        assert came.decode("utf-8", "backslashreplace") == path.read_bytes().decode(
            "utf-8", "backslashreplace"
        )

    return compare
