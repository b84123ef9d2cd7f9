"""A story for whoever asks; it ends with a look at every rule, and at tables that are folded anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.story import Story


@pytest.fixture(params=["sqlite", "postgres"])
def story(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Story]:
    """A folder with one document and one thread."""
    if request.param == "postgres":
        request.getfixturevalue("in_postgres")
    made = Story(tmp_path)
    yield made
    if made.document.engine.is_open:
        assert made.document.check(full=True).ok
        rows = made.folded()
        made.document.log.rebuild()
        assert made.folded() == rows
    made.document.close()
