"""The playbook of docs/rollout.md, walked step by step, rollback included."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from chatdoc.apps.importer.documents import Target
from chatdoc.apps.importer.run import Importer
from chatdoc.settings import SettingInvalid, read_settings
from chatdoc.store.session_index.index import SessionIndex
from tests import forked
from tests.apps.importer.conftest import NOW_MS, files_in, log_in
from tests.open.chats import legacy
from tests.tidy.source import PROJECT


class Machine:
    """A user's machine: a home with logs of both tools, and a folder for chats."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.chats = folder / "chats"
        self.canary = folder / "canary"
        for place, case in (
            (self.home / ".codex" / "sessions" / "2026" / "03" / "01", "codex-tool-heavy"),
            (self.home / ".codex" / "archived_sessions", "codex-compacted"),
            (self.home / ".claude" / "projects" / "-home-ada-loom", "claude-split-message"),
            (self.canary, "codex-aborted-turn"),
        ):
            place.mkdir(parents=True)
            shutil.copyfile(log_in(case), place / f"{case}.jsonl")

    def chatdoc(self, *arguments: str, **settings: str) -> dict[str, Any]:
        """A command on the chats with these settings in its environment, and what it printed."""
        return self.run(*arguments, "--into", str(self.chats), **settings)

    def run(self, *arguments: str, **settings: str) -> dict[str, Any]:
        """Any command with these settings in its environment, and what it printed."""
        done = forked.run(
            *arguments,
            "--json",
            module="chatdoc.apps.cli.main",
            folder=self.home.parent,
            environment={"PYTHONPATH": str(PROJECT), "HOME": str(self.home), **settings},
        )
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told


def test_the_playbook_works_and_can_be_taken_back(tmp_path: Path) -> None:
    """Schema first, canary, full, rollback: each step reads what it says, and no step loses or repeats anything."""
    machine = Machine(tmp_path)
    off = {"ENABLE_CODEX_SOURCE": "0", "ENABLE_CLAUDE_SOURCE": "0"}

    schema = machine.chatdoc("import", **off)
    assert schema["sessions"] == []
    old = machine.chats / "old.sage-chat"
    old.write_bytes(legacy("ada", "from before"))
    assert "CHATDOC_SCHEMA_V2" in machine.run("open", str(old), CHATDOC_SCHEMA_V2="0")["read_only"]
    assert machine.run("migrate", str(old), CHATDOC_SCHEMA_V2="0")["counts"] == {"left alone": 1}
    assert machine.run("status", str(machine.chats), CHATDOC_SCHEMA_V2="0")["settings"]["schema_v2"] is False
    assert old.read_bytes() == legacy("ada", "from before")
    assert (machine.chats / ".chatdoc" / "indexes" / "sessions.sqlite3").exists()

    only = {"ENABLE_CLAUDE_SOURCE": "0", "CODEX_SESSIONS_DIR": str(machine.canary)}
    canary = machine.chatdoc("import", "--metrics", str(tmp_path / "import.prom"), **only)
    assert canary["counts"] == {"imported": 1}
    assert 'chatdoc_import_sessions_indexed_total{result="ok",source="codex",stage="pass2"} 1.0' in (
        tmp_path / "import.prom"
    ).read_text(encoding="utf-8")
    assert machine.chatdoc("import", **only)["counts"] == {"unchanged": 1}

    full = machine.chatdoc("import")
    assert full["counts"] == {"imported": 3}
    assert {one["source"] for one in full["sessions"]} == {"codex", "claude"}
    before = files_in(machine.chats)
    with SessionIndex.open(machine.chats) as index:
        claude = index.rows(("claude",))
    assert machine.chatdoc("reindex", "--source", "codex")["counts"] == {"imported": 3}
    assert files_in(machine.chats) == before
    with SessionIndex.open(machine.chats) as index:
        assert index.rows(("claude",)) == claude

    grown = machine.home / ".codex" / "archived_sessions" / "codex-compacted.jsonl"
    grown.write_bytes(
        grown.read_bytes() + b'{"timestamp":"2026-03-01T11:00:00Z","type":"later","payload":{}}\n'
    )
    back = machine.chatdoc("import", ENABLE_CODEX_SOURCE="0")
    assert {one["source"] for one in back["sessions"]} == {"claude"}
    assert files_in(machine.chats) == before

    again = machine.chatdoc("import")
    assert again["counts"] == {"grown": 1, "unchanged": 2}

    assert machine.run("open", str(old))["read_only"] is None
    assert machine.run("open", str(old), CHATDOC_SCHEMA_V2="0")["read_only"] is None
    machine.run("rollback", str(old))
    assert old.read_bytes() == legacy("ada", "from before")
    assert "CHATDOC_SCHEMA_V2" in machine.run("open", str(old), CHATDOC_SCHEMA_V2="0")["read_only"]


@pytest.mark.parametrize(
    ("said", "meant"), [("1", True), ("TRUE", True), ("off", False), (" no ", False), ("", None)]
)
def test_switches_are_read(said: str, meant: bool | None) -> None:
    """The spellings of the page, in any case."""
    assert read_settings({"ENABLE_CODEX_SOURCE": said}, Path("/nowhere")).codex_enabled is meant


def test_a_switch_that_cannot_be_meant_is_refused() -> None:
    """The error names the variable and what it may be, and not what it was."""
    with pytest.raises(SettingInvalid, match="ENABLE_CODEX_SOURCE: expected one of 0, 1, false") as caught:
        read_settings({"ENABLE_CODEX_SOURCE": "s3cret"}, Path("/nowhere"))
    assert "s3cret" not in str(caught.value)


def test_an_open_switch_follows_the_folder(tmp_path: Path) -> None:
    """A source is on when its folder is there."""
    folder = tmp_path / ".codex" / "sessions"

    def roots(environment: dict[str, str]) -> list[Path]:
        settings = read_settings(environment, tmp_path)
        with Importer(Target(tmp_path), settings, clock=lambda: NOW_MS, sources=("codex",)) as importer:
            return importer.roots([])

    assert roots({}) == []
    folder.mkdir(parents=True)
    assert roots({}) == [folder]
    assert roots({"ENABLE_CODEX_SOURCE": "0"}) == []
