"""`chatdoc import` prints what came of each session, for people and as JSON with stable keys."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests import forked
from tests.apps.cli.conftest import Run
from tests.tidy.source import PROJECT

GOLDEN = PROJECT / "golden" / "sessions"
LINES = ["total", "record", "activity", "attic", "unknown", "quarantined", "blank", "unfinished"]


def test_json_has_the_counts_of_every_session(chatdoc: Run, tmp_path: Path) -> None:
    """Keys are those that the documentation names, and the fates of the lines add up."""
    shutil.copy(GOLDEN / "codex-unknown-kinds" / "log.jsonl", tmp_path / "one.jsonl")
    done = chatdoc("import", "one.jsonl", "--into", "one.chat", "--json")
    assert done.returncode == 0
    (session,) = json.loads(done.stdout)["sessions"]
    assert list(session)[:10] == [
        "source", "session_id", "thread_id", "path", "lines", "prompts", "answers", "tool_calls", "tokens",
        "unknown_kinds",
    ]  # fmt: skip
    assert list(session["lines"]) == LINES
    assert session["lines"]["total"] == sum(session["lines"][name] for name in LINES[1:])
    assert session["unknown_kinds"] == {
        "codex/response_item/holo_call": 1,
        "codex/event_msg/aura_changed": 1,
        "codex/quantum_state": 1,
        "codex/note": 1,
    }
    assert session["tokens"] is None


def test_people_see_one_line_a_session_and_what_was_odd(chatdoc: Run, tmp_path: Path) -> None:
    """A table, each damaged line with its number, and how many files came to what; a second run says unchanged."""
    shutil.copy(GOLDEN / "codex-welded-line" / "log.jsonl", tmp_path / "welded.jsonl")
    first = chatdoc("import", "welded.jsonl")
    assert first.returncode == 0
    assert "welded.jsonl, line 10: welded_line: 2 whole records salvaged, 0 NUL bytes" in first.stdout
    assert first.stdout.endswith("1 imported\n")
    assert chatdoc("import", "welded.jsonl").stdout.endswith("1 unchanged\n")


def test_where_no_log_was_found_is_said(chatdoc: Run, tmp_path: Path) -> None:
    """The folder that was named, or else those that were looked into unasked, with the setting that names others."""
    (tmp_path / "empty").mkdir()
    assert chatdoc("import", "empty").stdout == "no session logs below empty\n"

    def unasked(**switches: str) -> str:
        folders = {"CODEX_SESSIONS_DIR": "codex", "CLAUDE_SESSIONS_DIR": "claude"}
        environment = {**forked.ENVIRONMENT, **folders, **switches}
        told = forked.run("import", module="chatdoc.apps.cli.main", folder=tmp_path, environment=environment)
        return told.stdout

    said = "no session logs below claude; CODEX_SESSIONS_DIR and CLAUDE_SESSIONS_DIR name other folders\n"
    assert unasked(ENABLE_CODEX_SOURCE="0") == said
    off = unasked(ENABLE_CODEX_SOURCE="0", ENABLE_CLAUDE_SOURCE="0")
    assert off == "no session logs: no source that is switched on has a folder to look into\n"


def test_paths_that_are_not_there_are_misuse(chatdoc: Run) -> None:
    """A name that is nothing ends with status 2."""
    assert chatdoc("import", "nowhere").returncode == 2


def test_status_shows_what_was_imported_and_the_settings(chatdoc: Run, tmp_path: Path) -> None:
    """One line a source for people; in JSON the settings, and how many logs there are and are gone."""
    shutil.copy(GOLDEN / "codex-minimal" / "log.jsonl", tmp_path / "one.jsonl")
    chatdoc("import", "one.jsonl", "--into", "one.chat")
    (tmp_path / "one.jsonl").unlink()
    chatdoc("import", ".", "--into", "one.chat")
    assert "session logs: 1 of codex imported, 1 of them gone since\n" in chatdoc("status").stdout
    told = json.loads(chatdoc("status", "--json").stdout)
    assert told["sessions"] == {"codex": {"logs": 1, "missing": 1}}
    assert told["settings"]["schema_v2"] is True


def test_a_reindex_names_the_log_that_it_could_not_read(chatdoc: Run, tmp_path: Path) -> None:
    """With why, as an import does; the status is 1."""
    shutil.copy(GOLDEN / "codex-minimal" / "log.jsonl", tmp_path / "one.jsonl")
    chatdoc("import", "one.jsonl")
    (tmp_path / "one.jsonl").unlink()
    (tmp_path / "one.jsonl").symlink_to("one.jsonl")
    done = chatdoc("reindex")
    assert done.returncode == 1
    assert "one.jsonl: Too many levels of symbolic links" in done.stdout


def test_a_reindex_takes_secrets_out_as_the_import_did(chatdoc: Run, tmp_path: Path) -> None:
    """With the option that the import had; without it, it says what is missing."""
    raw = (GOLDEN / "codex-minimal" / "log.jsonl").read_text()
    (tmp_path / "one.jsonl").write_text(raw.replace("The third.", "use ghp_" + "Ab3" * 12), encoding="utf-8")
    chatdoc("import", "one.jsonl", "--redact", "--into", "one.chat")
    without = chatdoc("reindex", "--into", "one.chat")
    assert (without.returncode, "Give --redact" in without.stdout) == (1, True)
    done = chatdoc("reindex", "--redact", "--into", "one.chat")
    assert (done.returncode, done.stdout) == (
        0,
        "redacted: 2 GitHub Token\nclaude, codex, acp: 1 imported\n",
    )
    assert b"ghp_" not in (tmp_path / "one.chat").read_bytes()
