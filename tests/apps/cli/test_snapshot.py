"""`chatdoc snapshot` shows all documents of a folder as of one event."""

from __future__ import annotations

import json
from pathlib import Path

from tests.apps.cli.conftest import Run
from tests.apps.cli.office import GOLDEN, at_home, furnish, seen
from tests.conftest import Golden
from tests.event_view.workplace import opened


def test_golden_text_of_a_snapshot(chatdoc: Run, tmp_path: Path, golden: Golden) -> None:
    """The threads of both documents with their turns, in the folder they are in."""
    furnish(tmp_path)
    done = chatdoc("snapshot", "office")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    golden(GOLDEN / "snapshot.txt", at_home(done.stdout, tmp_path))


def test_golden_json_of_a_snapshot(chatdoc: Run, tmp_path: Path, golden: Golden) -> None:
    """What an open document gives, but for what only a document has."""
    furnish(tmp_path)
    done = chatdoc("snapshot", "office", "--json")
    value = json.loads(done.stdout)
    assert list(value) == ["ok", "snapshotSequence", "projects", "threads", "updatedAt"]
    golden(GOLDEN / "snapshot.json", at_home(done.stdout, tmp_path))


def test_the_log_goes_on_where_a_snapshot_ends(chatdoc: Run, tmp_path: Path) -> None:
    """`--from` with its snapshotSequence gives what came later, and nothing that it has."""
    _, plan = furnish(tmp_path)
    value = json.loads(chatdoc("snapshot", "office", "--json").stdout)
    with opened(tmp_path / "office", "plan.chat", seed=3) as document:
        document.send(plan, sender_id="eve", content="later")
    done = chatdoc("log", "office/plan.chat", "--json", "--from", str(value["snapshotSequence"]))
    assert [json.loads(line)["payload"]["text"] for line in done.stdout.splitlines()] == ["later"]


def test_a_folder_below_is_served_by_the_store_above_it(chatdoc: Run, tmp_path: Path) -> None:
    """As `chatdoc status` finds it; and nothing is written."""
    furnish(tmp_path)
    (tmp_path / "office" / "deep" / "er").mkdir(parents=True)
    before = seen(tmp_path / "office")
    assert chatdoc("snapshot", "office/deep/er").stdout == chatdoc("snapshot", "office").stdout
    assert seen(tmp_path / "office") == before


def test_without_a_store_the_command_fails_and_makes_none(chatdoc: Run, tmp_path: Path) -> None:
    """The error says what to do."""
    done = chatdoc("snapshot", "--json")
    value = json.loads(done.stdout)
    assert (done.returncode, value["kind"]) == (1, "NoEventLog")
    assert "chatdoc open" in value["hint"]
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_misuse(chatdoc: Run) -> None:
    """A folder that is not there ends with status 2."""
    assert chatdoc("snapshot", "nowhere").returncode == 2
