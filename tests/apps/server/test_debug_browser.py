"""In a real browser the debug page is live, runs nothing of a document, and obeys no page of another origin."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from tests.apps.server.serving import Serving
from tests.apps.server.test_debug_page import break_rules, spoil
from tests.apps.server.yjs_clients import HOME, install


@pytest.fixture
def chromium() -> str:
    """The browser; its absence fails the test, unless CHATDOC_WITHOUT_BROWSER=1 says that it is meant."""
    if os.environ.get("CHATDOC_WITHOUT_BROWSER") == "1" or os.environ.get("CHATDOC_WITHOUT_NODE") == "1":
        pytest.skip("CHATDOC_WITHOUT_BROWSER=1: not tried in a real browser")
    found = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if found is None:
        pytest.fail("chromium is not installed; CHATDOC_WITHOUT_BROWSER=1 skips the tests that need it")
    install()
    return found


def test_a_browser_runs_nothing_of_a_document(serving: Serving, chromium: str) -> None:
    """Hostile texts stay texts, also those that arrive live; inline scripts and pages from elsewhere are refused."""
    thread_id = spoil(serving)
    came = subprocess.run(
        ["node", "browser.mjs", serving.url, f"/debug/sub.chat?thread={thread_id}", chromium],
        cwd=HOME,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert came.returncode == 0, came.stderr[-2000:]
    found = json.loads(came.stdout)
    assert found["dialogs"] == 0
    assert found["elements"] == 0
    assert found["inline"] == 0, "the policy forbids inline scripts"
    assert "<script>alert(3)</script>" in found["live"], "what arrives live is shown as text"
    assert found["shown"] == 0, "the filter hides the rest"
    assert found["said"] == "looked at everything: clean"
    assert found["foreign"] == ["rejected"] * 3
    assert found["widths"]["400"] <= 400, "nothing is wider than a telephone"
    assert not [one for one in found["errors"] if "inline script" not in one], found["errors"]


def test_a_repair_that_is_clicked_is_seen_by_all_who_look(serving: Serving, chromium: str) -> None:
    """The report is live: the violation goes from every open page, and so does its button."""
    break_rules(serving, "a.chat")
    came = subprocess.run(
        ["node", "repair.mjs", serving.url, "/debug/a.chat", "orphan_message", chromium],
        cwd=HOME,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert came.returncode == 0, came.stderr[-2000:]
    found = json.loads(came.stdout)
    assert found["errors"] == []
    assert (found["before"], found["said"]) == (1, "repaired")
    assert "violation" in found["standing"], "the others are there still"
