"""`chatdoc ledger` and `chatdoc replay --project-path` say in words and as JSON what they did and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.apps.cli.conftest import Run
from tests.migrate.transcript.turns import THREAD
from tests.store.ledger.projects import OTHER, project_of


def test_a_project_is_backfilled_compared_and_replayed(chatdoc: Run, tmp_path: Path) -> None:
    """Status 1 says that a ledger is missing, 0 that all is well; the replay says from where it read."""
    project_of(tmp_path)
    assert chatdoc("ledger", "status", "--project-path", ".").returncode == 1
    first = chatdoc("ledger", "backfill", "--project-path", ".")
    assert first.stdout.splitlines() == [
        f"Project: {tmp_path}",
        f"Markers: {tmp_path}/chats/threads/.ledger-backfill",
        "Threads scanned: 1",
        "Threads exported: 1",
        "Threads skipped: 0",
    ]
    assert chatdoc("ledger", "status", "--project-path", ".").returncode == 0
    told = json.loads(chatdoc("ledger", "backfill", "--project-path", ".", "--json").stdout)
    assert [one["status"] for one in told["threads"]] == ["skipped"]
    assert set(told) == {
        "ok", "projectPath", "markerDirectoryPath", "scannedThreadCount", "exportedThreadCount", "skippedThreadCount",
        "failedThreadCount", "threads", "unreadable",
    }  # fmt: skip
    parity = json.loads(chatdoc("ledger", "parity", "--project-path", ".", "--json").stdout)
    assert [(one["equal"], one["comparedTurnCount"]) for one in parity["threads"]] == [(True, 3)]
    replay = chatdoc("replay", "--project-path", ".", "--thread-id", THREAD.lower())
    assert "Turns: 3 (completed=3, pending=0, failed=0)" in replay.stdout
    assert "Read from the ledger (ledger_current)" in replay.stdout
    told = json.loads(
        chatdoc("replay", "--project-path", ".", "--thread-id", THREAD, "--limit", "2", "--json").stdout
    )
    assert (told["turnCount"], told["source"], told["diagnostic"]) == (2, "ledger", "ledger_current")
    assert told["counters"] == {"ledger_current": 1}
    assert list(told["turns"][0]) == ["turnID", "timestamp", "status", "userText", "assistantText", "actions"]


def test_states_and_reads_are_counted_for_prometheus(chatdoc: Run, tmp_path: Path) -> None:
    """Threads by state, and reads by why there; neither names a thread."""
    project_of(tmp_path)
    where = ("--project-path", ".", "--metrics", "ledger.prom")
    chatdoc("ledger", "status", *where)
    text = (tmp_path / "ledger.prom").read_text(encoding="utf-8")
    assert 'chatdoc_ledger_threads{state="transcript_only"} 1.0' in text
    assert chatdoc("replay", *where, "--thread-id", THREAD).returncode == 0
    text = (tmp_path / "ledger.prom").read_text(encoding="utf-8")
    assert 'chatdoc_ledger_reads_total{diagnostic="ledger_absent"} 1.0' in text
    assert THREAD not in text
    (tmp_path / "a.chat").touch()
    assert chatdoc("replay", "a.chat", "--metrics", "ledger.prom").returncode == 2


def test_an_export_says_what_it_wrote(chatdoc: Run, tmp_path: Path) -> None:
    """Of the last hundred turns unless told otherwise."""
    project_of(tmp_path, 120)
    done = chatdoc("ledger", "export", "--project-path", ".", "--thread-id", THREAD, "--output", "out.json")
    labels = dict(one.split(": ") for one in done.stdout.splitlines())
    assert list(labels) == ["Output", "Entries", "SHA256"]
    assert labels["Entries"] == "200"
    assert len(json.loads((tmp_path / "out.json").read_bytes())["entries"]) == 200
    assert chatdoc("ledger", "validate", "--project-path", ".", "--file", "out.json").returncode == 0


def test_transcripts_fill_a_document_and_its_log(chatdoc: Run, tmp_path: Path) -> None:
    """And parity with that log is a command, which sees that a transcript grew."""
    project_of(tmp_path)
    done = chatdoc("ledger", "backfill", "--project-path", ".", "--into", "team.chat", "--json")
    assert json.loads(done.stdout)["threads"][0]["addedTurnCount"] == 3
    assert chatdoc("ledger", "parity", "--project-path", ".", "--document", "team.chat").returncode == 0
    project_of(tmp_path, 5)
    assert chatdoc("ledger", "parity", "--project-path", ".", "--document", "team.chat").returncode == 1


def test_what_is_wrong_is_found_and_ends_with_status_1(chatdoc: Run, tmp_path: Path) -> None:
    """A torn ledger, a thread that differs, a thread that is not there."""
    project = project_of(tmp_path)
    chatdoc("ledger", "backfill", "--project-path", ".")
    project.ledger(THREAD).write_text("{")
    done = chatdoc("ledger", "validate", "--project-path", ".", "--json")
    assert (done.returncode, [one["code"] for one in json.loads(done.stdout)["findings"]]) == (
        1,
        ["not_json"],
    )
    assert chatdoc("ledger", "parity", "--project-path", ".").returncode == 1
    other = THREAD.replace("F1", "F9")
    done = chatdoc("ledger", "export", "--project-path", ".", "--thread-id", other)
    assert (done.returncode, done.stderr.splitlines()[0].startswith("error: thread")) == (1, True)
    assert chatdoc("ledger", "bundle", "--project-path", ".", "-o", "b.zip").returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["ledger", "export", "--project-path", "."],
        ["ledger", "export", "--project-path", ".", "--thread-id", "nobody"],
        ["ledger", "export", "--thread-id", THREAD],
        ["ledger", "export", "--project-path", ".", "--thread-id", THREAD, "--limit", "0"],
        ["ledger", "backfill", "--project-path", "nowhere"],
        ["ledger", "backfill", "--project-path", ".", "--limit", "many"],
        ["ledger", "grow"],
        ["replay", "--thread-id", THREAD],
        ["replay", "--project-path", ".", "--thread-id", "nobody"],
    ],
)
def test_misuse_ends_with_status_2(chatdoc: Run, arguments: list[str]) -> None:
    """A missing option, an id that is none, a limit that leaves nothing, an unknown command."""
    assert chatdoc(*arguments).returncode == 2


@pytest.mark.parametrize("which", ["transcript", "ledger", "marker"])
@pytest.mark.parametrize(
    "command", [["status"], ["validate"], ["parity"], ["backfill"], ["bundle", "-o", "b.zip"]]
)
def test_an_odd_file_is_named_and_all_else_is_done(
    chatdoc: Run, tmp_path: Path, which: str, command: list[str]
) -> None:
    """In words and as JSON, with status 1."""
    project_of(tmp_path)
    project = project_of(tmp_path, 2, OTHER)
    chatdoc("ledger", "backfill", "--project-path", ".")
    odd: Path = getattr(project, which)(THREAD)
    odd.unlink()
    odd.mkdir()
    done = chatdoc("ledger", *command, "--project-path", ".")
    assert (done.returncode, done.stderr) == (1, "")
    assert f"cannot be read: {odd}: it is no plain file" in done.stdout
    done = chatdoc("ledger", *command, "--project-path", ".", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (1, False)
    assert told["unreadable"] == [{"path": str(odd), "reason": "it is no plain file"}]
    assert (tmp_path / "b.zip").exists() == (command[0] == "bundle")


def test_a_damaged_transcript_is_named_by_a_backfill(chatdoc: Run, tmp_path: Path) -> None:
    """Into ledgers and into a document: what can be read comes, and status 1 says that this is not all."""
    project = project_of(tmp_path)
    project_of(tmp_path, 2, OTHER)
    path = project.transcript(THREAD)
    path.write_bytes(path.read_bytes() + b"<!-- CODEXCHAT_TURN_BEGIN id=torn\n")
    done = chatdoc("ledger", "backfill", "--project-path", ".")
    assert (done.returncode, done.stdout.splitlines()[-2:]) == (
        1,
        ["Threads skipped: 0", f"{path} is damaged: malformed_marker"],
    )
    done = chatdoc("ledger", "backfill", "--project-path", ".", "--into", "team.chat")
    assert done.returncode == 1
    assert f"not all of it came: {THREAD.lower()}" in done.stdout
    path.unlink()
    path.mkdir()
    done = chatdoc("ledger", "backfill", "--project-path", ".", "--into", "team.chat", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"], len(told["threads"])) == (1, False, 1)
    assert told["unreadable"][0]["path"] == str(path)
