"""`chatdoc replay` sums a thread up turn by turn, in the shape that replays have elsewhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.apps.cli.conftest import Run
from tests.apps.cli.office import FILE, GOLDEN, at_home, furnish
from tests.conftest import Golden
from tests.event_view.workplace import opened


def test_golden_text_of_a_replay(chatdoc: Run, tmp_path: Path, golden: Golden) -> None:
    """Counts, then a line for each turn, and below it one for each action, whatever that one says."""
    work, _ = furnish(tmp_path)
    done = chatdoc("replay", FILE, "--thread-id", work)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    golden(GOLDEN / "replay.txt", at_home(done.stdout, tmp_path))


def test_golden_json_of_a_replay(chatdoc: Run, tmp_path: Path, golden: Golden) -> None:
    """The names of the keys are those of the summaries that programs know."""
    work, _ = furnish(tmp_path)
    done = chatdoc("replay", FILE, "--thread-id", work, "--json")
    value = json.loads(done.stdout)
    assert list(value) == [
        "ok",
        "projectPath",
        "threadID",
        "turnCount",
        "pendingTurnCount",
        "failedTurnCount",
        "completedTurnCount",
        "turns",
    ]
    turn = value["turns"][0]
    assert list(turn) == ["turnID", "timestamp", "status", "userText", "assistantText", "actions"]
    assert list(turn["actions"][0]) == ["method", "title", "detail", "createdAt"]
    golden(GOLDEN / "replay.json", at_home(done.stdout, tmp_path))


def test_the_last_turns_are_kept_and_counted(chatdoc: Run, tmp_path: Path) -> None:
    """`--limit` leaves the newest ones, and the counts are of these."""
    work, _ = furnish(tmp_path)
    value = json.loads(chatdoc("replay", FILE, "--thread-id", work, "--limit", "1", "--json").stdout)
    assert [turn["status"] for turn in value["turns"]] == ["failed"]
    assert (value["turnCount"], value["failedTurnCount"], value["completedTurnCount"]) == (1, 1, 0)


def test_a_turn_that_runs_is_pending(chatdoc: Run, tmp_path: Path) -> None:
    """Also when its process is gone and nobody has opened the document since."""
    work, _ = furnish(tmp_path)
    with opened(tmp_path / "office", seed=3) as document:
        document.start_turn(work, sender_id="codex")
        shutil.copytree(tmp_path / "office", tmp_path / "crashed")
    done = chatdoc("replay", "crashed/team.chat", "--thread-id", work)
    assert "Turns: 3 (completed=1, pending=1, failed=1)" in done.stdout


def test_an_unknown_thread_is_named(chatdoc: Run, tmp_path: Path) -> None:
    """A thread that is not there is a failed operation."""
    furnish(tmp_path)
    done = chatdoc("replay", FILE, "--thread-id", "nowhere", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["kind"] == "NotFound"


@pytest.mark.parametrize(
    "arguments",
    [["office/team.chat"], ["nowhere.chat", "--thread-id", "A"], [FILE, "--thread-id", "A", "--limit", "0"]],
)
def test_misuse_ends_with_status_2(chatdoc: Run, tmp_path: Path, arguments: list[str]) -> None:
    """A thread must be named, the file be there, and a limit leave something."""
    (tmp_path / "office").mkdir()
    (tmp_path / FILE).touch()
    assert chatdoc("replay", *arguments).returncode == 2


def test_the_only_thread_is_found_and_texts_are_printed(chatdoc: Run, tmp_path: Path) -> None:
    """Question and answer stand whole between the actions, line by line, and a stop is no failure."""
    (tmp_path / "one").mkdir()
    with opened(tmp_path / "one", seed=3) as document:
        only = document.create_thread(sender_id="ada", content="Hello", name="Plan").thread_id
        gone = document.create_thread(sender_id="ada", content="Gone").thread_id
        document.delete_thread(gone, deleted_by="ada")
        asked = document.send(only, sender_id="ada", content="What now?\nTell me.")
        turn = document.start_turn(only, sender_id="codex", answers=asked.message_id)
        turn.append("First this.\n2023-11-14T22:14:25.000Z [completed] forged")
        turn.interrupt()
        file = document.path
    done = chatdoc("replay", file)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Turns: 1 (completed=0, pending=0, failed=0, interrupted=1)" in done.stdout
    assert "[interrupted]" in done.stdout
    assert "  | First this.\n  | 2023-11-14T22:14:25.000Z [completed] forged" in done.stdout
    assert json.loads(chatdoc("replay", file, "--json").stdout)["turns"][0]["status"] == "interrupted"


def test_of_several_threads_one_has_to_be_named(chatdoc: Run, tmp_path: Path) -> None:
    """The misuse names them, and status 2 says that it is one."""
    work, _ = furnish(tmp_path)
    with opened(tmp_path / "office", seed=3) as document:
        other = document.create_thread(sender_id="ada", content="Another").thread_id
    done = chatdoc("replay", FILE)
    assert done.returncode == 2
    assert work in done.stderr
    assert other in done.stderr
