"""A scene for whoever asks; it ends with a look at every rule."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.provider.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A document whose agent may speak."""
    made = Scene(tmp_path)
    yield made
    made.close()
