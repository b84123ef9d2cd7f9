"""The fixtures of the pytest plugin find what a test of one's own leaves broken, and tell the promise and the seed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.tidy.source import PROJECT

PAGE = (PROJECT / "docs" / "testing.md").read_text(encoding="utf-8")
# By name and not by the entry point, so that it also runs where chatdoc was installed before it had one.
PLUGIN = ("-p", "chatdoc.apps.pytest_plugin")
ENVIRONMENT = {"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def run(folder: Path, program: str, *options: str) -> tuple[int, str]:
    """The exit status and output of pytest on a program of somebody else's."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_theirs.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", *PLUGIN, *options],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_entry_point_leads_to_the_plugin() -> None:
    """Whoever installs `chatdoc[testing]` has pytest, hypothesis and the fixtures."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"chatdoc": "chatdoc.apps.pytest_plugin"}
    wanted = {re.split(r"[>=<]", one)[0] for one in project["optional-dependencies"]["testing"]}
    assert wanted == {"pytest", "hypothesis"}


def test_the_plugin_loads_nothing_until_it_is_asked() -> None:
    """In a project that has nothing to do with chats it costs one file."""
    program = "import sys, chatdoc.apps.pytest_plugin; print({'pycrdt', 'chatdoc.model'} & sys.modules.keys() or '')"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_the_example_of_the_documentation_runs(tmp_path: Path) -> None:
    """Ten lines fuzz a bot: the page's example is the one somebody copies."""
    example = re.search(r"```python\n(def answer.*?)```", PAGE, re.DOTALL)
    assert example is not None
    status, printed = run(tmp_path, example[1])
    assert status == 0, printed
    assert len([line for line in example[1].splitlines() if line.strip()]) <= 14


@pytest.mark.parametrize(
    ("program", "promise"),
    [
        (
            "def test_theirs(chat_network):\n"
            "    peer = chat_network.join(honest=False)\n"
            "    peer.write(removals=[place for place in peer.entries() if place[0] == 'message'])\n",
            "A fact never changes, and a lasting one never goes.",
        ),
        (
            "from chatdoc import Document\n"
            "def test_theirs(stored_chat):\n"
            "    Document.text = lambda self: str(id(self)).encode()\n",
            "A document that is opened again says what it said before.",
        ),
        (
            "def test_theirs(legacy_chat):\n    legacy_chat.write_bytes(b'')\n",
            "The source of a migration is kept, byte for byte.",
        ),
    ],
    ids=["chat_network", "stored_chat", "legacy_chat"],
)
def test_what_a_test_breaks_is_told_when_it_ends(tmp_path: Path, program: str, promise: str) -> None:
    """The promise is the first line of the error, and the seed stands below it."""
    status, printed = run(tmp_path, program, "--chatdoc-seed=7")
    assert status == 1
    assert re.search(
        rf"^E +chatdoc\.testing\.promises\.PromiseBroken: {re.escape(promise)}$", printed, re.MULTILINE
    )
    assert "repeat with --chatdoc-seed=7" in printed


def test_a_test_that_leaves_everything_intact_passes(tmp_path: Path) -> None:
    """Each fixture begins with something to work on."""
    program = (
        "import pytest\n"
        "from chatdoc import open_document\n"
        "@pytest.mark.chatdoc(replicas=2, seed=5)\n"
        "def test_network(chat_network):\n"
        "    ada, bob = chat_network.documents\n"
        "    ada.send(ada.threads()[0].thread_id, sender_id='ada', content='Bye')\n"
        "def test_stored(stored_chat):\n"
        "    assert len(stored_chat.threads()) == 2\n"
        "    stored_chat.send(stored_chat.threads()[0].thread_id, sender_id='ada', content='Bye')\n"
        "def test_legacy(legacy_chat):\n"
        "    with open_document(legacy_chat) as document:\n"
        "        assert document.report is not None and document.threads()\n"
    )
    status, printed = run(tmp_path, program, "--strict-markers")
    assert (status, "3 passed" in printed) == (0, True), printed


def test_a_failing_test_fails_once(tmp_path: Path) -> None:
    """What the test itself found is not followed by what its documents look like in the middle of it."""
    program = (
        "def test_theirs(chat_network):\n"
        "    peer = chat_network.join(honest=False)\n"
        "    peer.write(removals=[place for place in peer.entries() if place[0] == 'message'])\n"
        "    assert False, 'theirs'\n"
    )
    status, printed = run(tmp_path, program)
    assert (status, "1 failed" in printed, "error" in printed.lower().split("assertionerror")[-1]) == (
        1,
        True,
        False,
    )


@pytest.mark.parametrize("said", ["seed='x'", "sed=7", "7", "replicas=0", "clean=None"])
def test_a_mark_that_says_nothing_is_refused_before_any_test_runs(tmp_path: Path, said: str) -> None:
    """By name, with what was expected; a word misspelled is no default."""
    program = f"""
import pytest

@pytest.mark.chatdoc({said})
def test_theirs(chat_network):
    pass
"""
    status, out = run(tmp_path, program)
    assert status == pytest.ExitCode.USAGE_ERROR
    assert f"expected @pytest.mark.chatdoc(seed=None, replicas=3, clean=True), got {said}" in out
