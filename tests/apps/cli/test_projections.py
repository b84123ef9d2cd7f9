"""`chatdoc projections` says how far the folded tables are, makes them anew from the log alone, and shortens it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.apps.cli.conftest import Run
from tests.apps.cli.office import FILE, GOLDEN, change, folded, furnish, seen, write_otherwise
from tests.conftest import Golden
from tests.event_view.workplace import opened


def test_golden_text_of_the_status(chatdoc: Run, tmp_path: Path, golden: Golden) -> None:
    """All eight stand at the last event, and looking writes nothing."""
    furnish(tmp_path)
    before = seen(tmp_path / "office")
    done = chatdoc("projections", "status", FILE)
    assert (done.returncode, done.stderr) == (0, "")
    assert seen(tmp_path / "office") == before
    golden(GOLDEN / "projections-status.txt", done.stdout.encode())


def test_a_projector_that_lags_ends_with_status_1(chatdoc: Run, tmp_path: Path) -> None:
    """How many events it lacks is said; a rebuild heals it."""
    furnish(tmp_path)
    change(tmp_path, "UPDATE projection_state SET last_applied_sequence = 3 WHERE projector LIKE '%turns'")
    done = chatdoc("projections", "status", FILE, "--json")
    value = json.loads(done.stdout)
    assert (done.returncode, list(value)) == (1, ["ok", "file", "last_sequence", "projectors"])
    behind = {one["projector"]: one["behind"] for one in value["projectors"] if one["behind"]}
    assert behind == {"projection.thread-turns": value["last_sequence"] - 3}
    assert chatdoc("projections", "rebuild", FILE).returncode == 0
    assert chatdoc("projections", "status", FILE).returncode == 0


def test_golden_text_of_a_rebuild(chatdoc: Run, tmp_path: Path, golden: Golden) -> None:
    """Rows made anew are those that were there."""
    furnish(tmp_path)
    before = folded(tmp_path)
    done = chatdoc("projections", "rebuild", FILE)
    assert (done.returncode, done.stderr) == (0, "")
    assert folded(tmp_path) == before
    golden(GOLDEN / "projections-rebuild.txt", done.stdout.encode())


def test_rows_that_were_wrong_are_told_and_right_again(chatdoc: Run, tmp_path: Path) -> None:
    """The tables that changed are named, and no other."""
    furnish(tmp_path)
    before = folded(tmp_path)
    change(tmp_path, "UPDATE projection_thread_messages SET text = 'forged'")
    change(tmp_path, "DELETE FROM projection_thread_turns")
    value = json.loads(chatdoc("projections", "rebuild", FILE, "--json").stdout)
    assert list(value) == ["ok", "file", "events", "last_sequence", "tables"]
    changed = {name for name, outcome in value["tables"].items() if outcome == "changed"}
    assert changed == {"projection_thread_messages", "projection_thread_turns"}
    assert folded(tmp_path) == before


@pytest.mark.parametrize(("spoil", "kind"), [(change, "StoreDamaged"), (write_otherwise, "EventUndecodable")])
def test_a_damaged_payload_stops_a_rebuild_that_then_has_changed_nothing(
    chatdoc: Run, tmp_path: Path, spoil: Callable[[Path, str], None], kind: str
) -> None:
    """The event is named, and the rows that were folded before it was damaged stay."""
    furnish(tmp_path)
    spoil(tmp_path, "UPDATE orchestration_events SET payload_json = 'gone' WHERE sequence = 13")
    before = folded(tmp_path)
    done = chatdoc("projections", "rebuild", FILE, "--json")
    value = json.loads(done.stdout)
    assert (done.returncode, value["kind"]) == (1, kind)
    assert "event 13" in value["error"]
    assert folded(tmp_path) == before


def test_a_rebuild_beside_an_open_document_is_not_noticed_by_it(chatdoc: Run, tmp_path: Path) -> None:
    """It writes on, and what it writes is folded on top of the new rows."""
    work, _ = furnish(tmp_path)
    with opened(tmp_path / "office", seed=3) as document:
        document.send(work, sender_id="bob", content="before")
        assert chatdoc("projections", "rebuild", FILE).returncode == 0
        sent = document.send(work, sender_id="bob", content="after")
        found = document.log.message(sent.message_id)
        assert found is not None
        assert found.text == "after"
    assert chatdoc("projections", "status", FILE).returncode == 0


def test_without_a_log_nothing_is_rebuilt_and_no_store_is_made(chatdoc: Run, tmp_path: Path) -> None:
    """The error says to open the file once."""
    (tmp_path / "new.chat").touch()
    for command in ("status", "rebuild", "compact"):
        done = chatdoc("projections", command, "new.chat", "--json")
        value = json.loads(done.stdout)
        assert (done.returncode, value["kind"]) == (1, "NoEventLog")
        assert "chatdoc open" in value["hint"]
    assert [path.name for path in tmp_path.iterdir()] == ["new.chat"]


def test_each_document_has_a_log_of_its_own(chatdoc: Run, tmp_path: Path) -> None:
    """What is compacted, or lags, in one document of a folder is so in that one alone."""
    furnish(tmp_path)
    change(tmp_path, "UPDATE projection_state SET last_applied_sequence = 3 WHERE projector LIKE '%turns'")
    before = chatdoc("log", "office/plan.chat", "--json").stdout
    assert chatdoc("projections", "status", FILE).returncode == 1
    assert chatdoc("projections", "status", "office/plan.chat").returncode == 0
    assert chatdoc("projections", "rebuild", FILE).returncode == 0
    assert chatdoc("projections", "compact", FILE, "--apply").returncode == 0
    assert chatdoc("log", FILE).stdout == ""
    assert chatdoc("log", "office/plan.chat", "--json").stdout == before


def test_a_compaction_happens_when_asked_for_only(chatdoc: Run, tmp_path: Path) -> None:
    """Without --apply nothing is written; with it the rows stay, and a second one finds nothing to remove."""
    furnish(tmp_path)
    rows, before = folded(tmp_path), seen(tmp_path / "office")
    dry = chatdoc("projections", "compact", FILE)
    assert (dry.returncode, dry.stderr, seen(tmp_path / "office")) == (0, "", before)
    assert "19 events: nothing was written; --apply removes them" in dry.stdout
    done = chatdoc("projections", "compact", FILE, "--apply", "--json")
    value = json.loads(done.stdout)
    assert (done.returncode, value["dry_run"]) == (0, False)
    assert value["events_removed"] == value["events_before"] - value["events_after"] > 0
    again = chatdoc("projections", "compact", FILE, "--apply")
    assert "0 events: nothing to remove" in again.stdout
    assert folded(tmp_path) == rows
    assert chatdoc("projections", "rebuild", FILE).returncode == 0
    assert folded(tmp_path) == rows


def test_a_compacted_log_is_printed_from_where_it_begins(chatdoc: Run, tmp_path: Path) -> None:
    """What went is said; asking for it is an error that says from where to go on."""
    work, _ = furnish(tmp_path)
    through = json.loads(chatdoc("projections", "compact", FILE, "--apply", "--json").stdout)[
        "through_sequence"
    ]
    with opened(tmp_path / "office", seed=3) as document:
        document.send(work, sender_id="bob", content="after")
    done = chatdoc("log", FILE)
    assert f"events up to {through} were removed" in done.stderr
    (line,) = done.stdout.splitlines()
    assert line.split()[0] == str(through + 1)
    asked = chatdoc("log", FILE, "--from", "1", "--json")
    assert (asked.returncode, json.loads(asked.stdout)["kind"]) == (1, "LogCompacted")


def test_misuse_ends_with_status_2(chatdoc: Run) -> None:
    """An unknown subcommand, none at all, no file, a folder, and a file that is not there."""
    for arguments in (["forget"], [], ["rebuild"], ["rebuild", "."], ["rebuild", "nowhere.chat"]):
        assert chatdoc("projections", *arguments).returncode == 2
