"""`chatdoc snapshot` shows all documents of a folder, each as of one event of its own log."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from tests.apps.cli.conftest import Run
from tests.apps.cli.office import FILE, GOLDEN, at_home, furnish, seen
from tests.conftest import Golden
from tests.event_view.workplace import opened, thread_of


def test_golden_text_of_a_snapshot(chatdoc: Run, tmp_path: Path, golden: Golden) -> None:
    """A table for each document, with its threads and their turns, by path."""
    furnish(tmp_path)
    done = chatdoc("snapshot", "office")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    golden(GOLDEN / "snapshot.txt", at_home(done.stdout, tmp_path))


def test_golden_json_of_a_snapshot(chatdoc: Run, tmp_path: Path, golden: Golden) -> None:
    """For each document what it gives when it is open, but for the state vector."""
    furnish(tmp_path)
    done = chatdoc("snapshot", "office", "--json")
    value = json.loads(done.stdout)
    assert list(value) == ["ok", "folder", "documents", "unreadable"]
    assert [one["path"] for one in value["documents"]] == ["plan.chat", "team.chat"]
    for one in value["documents"]:
        assert list(one) == ["path", "document_id", "store", "snapshot"]
        assert list(one["snapshot"]) == ["snapshotSequence", "projects", "threads", "updatedAt"]
    golden(GOLDEN / "snapshot.json", at_home(done.stdout, tmp_path))


def test_the_log_goes_on_where_a_snapshot_ends(chatdoc: Run, tmp_path: Path) -> None:
    """`--from` with a document's snapshotSequence gives what came later to it, and nothing that it has."""
    furnish(tmp_path)
    value = json.loads(chatdoc("snapshot", "office", "--json").stdout)
    reached = {one["path"]: str(one["snapshot"]["snapshotSequence"]) for one in value["documents"]}
    with opened(tmp_path / "office", "plan.chat", seed=3) as document:
        document.send(thread_of(document), sender_id="eve", content="later")
    done = chatdoc("log", "office/plan.chat", "--json", "--from", reached["plan.chat"])
    assert [json.loads(line)["payload"]["text"] for line in done.stdout.splitlines()] == ["later"]
    assert chatdoc("log", FILE, "--from", reached["team.chat"]).stdout == ""


def test_documents_of_folders_below_are_shown_and_none_of_those_above(chatdoc: Run, tmp_path: Path) -> None:
    """As `chatdoc status` finds them, by their paths from the folder that was asked for; and nothing is written."""
    furnish(tmp_path)
    (tmp_path / "office" / "deep" / "er").mkdir(parents=True)
    before = seen(tmp_path / "office")
    value = json.loads(chatdoc("snapshot", "--json").stdout)
    assert [one["path"] for one in value["documents"]] == ["office/plan.chat", "office/team.chat"]
    assert chatdoc("snapshot", "office/deep/er").returncode == 1
    assert seen(tmp_path / "office") == before


def test_a_copy_of_a_chat_is_shown_with_a_log_of_its_own(chatdoc: Run, tmp_path: Path) -> None:
    """Both are there by path, though they carry one document id; what one got since is in no other table."""
    furnish(tmp_path)
    shutil.copyfile(tmp_path / FILE, tmp_path / "office" / "copy.chat")
    with opened(tmp_path / "office", "copy.chat", seed=3) as document:
        document.create_thread(sender_id="eve", content="Only here", name="Only here")
    value = json.loads(chatdoc("snapshot", "office", "--json").stdout)
    titles = {
        one["path"]: [thread["title"] for thread in one["snapshot"]["threads"]] for one in value["documents"]
    }
    assert list(titles) == ["copy.chat", "plan.chat", "team.chat"]
    assert "Only here" in titles["copy.chat"]
    assert "Only here" not in titles["team.chat"]


def test_names_that_are_no_utf_8_are_shown(chatdoc: Run, legacy: Path) -> None:
    """One such name hides none of the others, as text and as JSON."""
    odd = legacy.rename(legacy.with_name(os.fsdecode(b"odd\xff.chat")))
    assert chatdoc("open", odd.name).returncode == 0
    done = chatdoc("snapshot", "--json")
    assert json.loads(done.stdout)["documents"][0]["path"] == "odd\\xff.chat"
    assert chatdoc("snapshot").stdout.startswith("odd\\xff.chat, event ")


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


def test_a_store_that_cannot_be_read_is_named_and_the_others_are_shown(chatdoc: Run, tmp_path: Path) -> None:
    """The exit status says that something is missing, with `--json` and without; `status` and `recover` name it too."""
    furnish(tmp_path)
    (tmp_path / "office" / ".chatdoc" / "broken.sqlite3").write_bytes(b"no database")
    done = chatdoc("snapshot", "office", "--json")
    value = json.loads(done.stdout)
    assert (done.returncode, value["ok"], len(value["documents"])) == (1, False, 2)
    assert [one["store"] for one in value["unreadable"]] == [".chatdoc/broken.sqlite3"]
    for command in ("snapshot", "status", "recover"):
        said = chatdoc(command, "office")
        assert said.returncode == 1
        assert "broken.sqlite3" in said.stdout.replace("\n", "")
        assert "team.chat" in said.stdout
