"""The test file that docs/testing.md shows for a store of one's own runs as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from chatdoc.testing.acceptance import Acceptance, StoresSuite
from tests.tidy.source import PROJECT

PAGE = (PROJECT / "docs" / "testing.md").read_text(encoding="utf-8").partition("## A store of your own")[2]


def test_example_runs_on_a_store_of_ones_own(tmp_path: Path) -> None:
    """With a `my_store` beside it pytest collects every suite from it, and what it runs passes."""
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "test_my_store.py").write_text(example)
    (tmp_path / "my_store.py").write_text("from tests.store.toy_store import create, open_again\n")
    environment = {
        **os.environ,
        "PYTHONPATH": f"{PROJECT}{os.pathsep}{tmp_path}",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    chosen = ["-k", "update or refused or failing or open_at_the_kill"]
    done = subprocess.run(
        [*command, *chosen, tmp_path],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[1-9]\d passed", done.stdout), done.stdout
    assert "skipped" not in done.stdout


def test_page_names_every_suite() -> None:
    """The table has each suite that `Acceptance` runs, and no other."""
    named = re.findall(r"`(\w+Suite)`", PAGE)
    assert sorted(named) == sorted(suite.__name__ for suite in (*Acceptance.__bases__, StoresSuite))
