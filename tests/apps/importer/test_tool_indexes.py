"""What the tools' own indexes hide, or list though it is gone, is named by the audit, and nothing else is."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

from chatdoc.settings import Settings
from tests.apps.importer.conftest import Import, files_in, log_in
from tests.apps.importer.test_audit import audit


def test_what_the_tools_own_index_hides_is_named(tmp_path: Path, run_import: Import) -> None:
    """A session that Claude's index leaves out, and one that it lists though its log is gone."""
    folder = tmp_path / "projects" / "-home-ada-loom"
    folder.mkdir(parents=True)
    shown, hidden = "c1a0de00-0000-4000-8000-00000000000a", "c1a0de00-0000-4000-8000-00000000000b"
    for session in (shown, hidden):
        shutil.copyfile(log_in("claude-minimal"), folder / f"{session}.jsonl")
    entries = [
        {"sessionId": shown, "fullPath": str(folder / f"{shown}.jsonl")},
        {"sessionId": "gone", "fullPath": ""},
    ]
    (folder / "sessions-index.json").write_text(json.dumps({"version": 1, "entries": entries}))
    settings = Settings(claude_roots=(str(tmp_path / "projects"),))
    run_import(tmp_path / "projects")
    report, _ = audit(tmp_path / "out", settings=settings)
    assert [(one.code, Path(one.path).stem or one.session_id) for one in report.findings] == [
        ("hidden_by_tool", hidden),
        ("lost_to_tool", "gone"),
    ]
    assert report.ok


THREADS = """
CREATE TABLE threads (
    id TEXT PRIMARY KEY, rollout_path TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    source TEXT NOT NULL, model_provider TEXT NOT NULL, cwd TEXT NOT NULL, title TEXT NOT NULL,
    sandbox_policy TEXT NOT NULL, approval_mode TEXT NOT NULL, tokens_used INTEGER NOT NULL DEFAULT 0,
    archived INTEGER NOT NULL DEFAULT 0, archived_at INTEGER, git_sha TEXT, git_branch TEXT, git_origin_url TEXT
)
"""
"""Codex's own table, as its first migration makes it."""


def codex_state(path: Path, *rows: tuple[str, Path, int]) -> sqlite3.Connection:
    """Codex's state database, in WAL mode, with threads by id, rollout and whether they are archived; still open."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(THREADS)
    for session, log, archived in rows:
        values = (session, str(log), 1, 1, "cli", "openai", "/loom", "A title", "{}", "never", archived)
        connection.execute(
            "INSERT INTO threads (id, rollout_path, created_at, updated_at, source, model_provider, cwd, title,"
            " sandbox_policy, approval_mode, archived) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        )
    connection.commit()
    return connection


def test_what_codexs_state_database_hides_is_named(tmp_path: Path, run_import: Import) -> None:
    """The newest schema counts, while Codex has it open; archived threads are listed ones; each finding comes once."""
    home = tmp_path / ".codex"
    names = {
        name: f"019a0000-0000-7000-8000-00000000000{number}"
        for number, name in enumerate(("shown", "kept", "hidden", "gone"))
    }
    logs = {
        name: home / ("archived_sessions" if name == "kept" else "sessions") / f"rollout-{session}.jsonl"
        for name, session in names.items()
    }
    for name, log in logs.items():
        log.parent.mkdir(parents=True, exist_ok=True)
        if name != "gone":
            shutil.copyfile(log_in("codex-minimal"), log)
    older = codex_state(home / "state_4.sqlite")
    newer = codex_state(
        home / "state_5.sqlite",
        *((names[name], logs[name], int(name == "kept")) for name in ("shown", "kept", "gone")),
    )
    named = {"id": names["shown"], "thread_name": "A name", "updated_at": "2026-03-01T10:00:00Z"}
    (home / "session_index.jsonl").write_text(json.dumps(named) + "\n")
    settings = Settings(codex_roots=(str(home / "sessions"), str(home / "archived_sessions")))
    run_import(home)
    report, _ = audit(tmp_path / "out", settings=settings)
    found = sorted((one.code, one.path) for one in report.findings if one.code.endswith("tool"))
    assert found == [("hidden_by_tool", str(logs["hidden"])), ("lost_to_tool", str(logs["gone"]))]
    older.close()
    newer.close()


def test_a_history_database_beside_a_paginated_rollout_adds_nothing(
    tmp_path: Path, run_import: Import
) -> None:
    """The rollout is the record: what Codex keeps of it in SQLite is not counted twice, opened or changed."""
    folder = tmp_path / "sessions"
    folder.mkdir()
    shutil.copyfile(log_in("codex-paginated-and-repeated-ordinals"), folder / "rollout.jsonl")
    alone = run_import(folder, into=tmp_path / "alone")
    database = folder / "state_5.sqlite"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE thread_history (thread_id TEXT, ordinal INTEGER, item TEXT)")
        line = (folder / "rollout.jsonl").read_text(encoding="utf-8").splitlines()[1]
        connection.execute(
            "INSERT INTO thread_history VALUES (?, 2, ?)", (alone.sessions[0].session_id, line)
        )
    connection.close()
    before = (
        [text.split(b"\n", 1)[1] for text in files_in(tmp_path / "alone").values()],
        database.read_bytes(),
    )
    beside = run_import(folder, into=tmp_path / "beside")
    assert [(one.session_id, one.lines) for one in beside.sessions] == [
        (one.session_id, one.lines) for one in alone.sessions
    ]
    # The first line has the id of the document, which is new each time.
    after = (
        [text.split(b"\n", 1)[1] for text in files_in(tmp_path / "beside").values()],
        database.read_bytes(),
    )
    assert after == before
    assert [one.name for one in folder.iterdir() if one.name.startswith("state")] == ["state_5.sqlite"]
