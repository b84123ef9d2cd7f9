"""`chatdoc forget` removes what is stored of a file, says before what that is, and leaves the file itself."""

from __future__ import annotations

import json
from pathlib import Path

from tests.apps.cli.conftest import Run
from tests.apps.cli.office import FILE, furnish, seen


def stored(folder: Path) -> set[str]:
    """The files below `.chatdoc/`, by their paths from there, without SQLite's shared memory."""
    home = folder / ".chatdoc"
    found = {one.relative_to(home).as_posix() for one in home.rglob("*") if one.is_file()}
    return {name for name in found if not name.endswith("-shm")}


def test_without_apply_nothing_goes(chatdoc: Run, legacy: Path) -> None:
    """The store, the backup and the entry that leads to the store are named, and all of them stay."""
    assert chatdoc("open", legacy.name).returncode == 0
    before, text = seen(legacy.parent), legacy.read_bytes()
    done = chatdoc("forget", legacy.name, "--json")
    value = json.loads(done.stdout)
    assert (done.returncode, list(value)) == (0, ["ok", "file", "removed", "applied"])
    assert value["applied"] is False
    home = legacy.parent / ".chatdoc"
    assert stored(legacy.parent) <= {Path(one).relative_to(home).as_posix() for one in value["removed"]}
    assert (seen(legacy.parent), legacy.read_bytes()) == (before, text)
    assert "--apply removes them" in chatdoc("forget", legacy.name).stdout


def test_applied_the_store_its_backups_and_its_entry_are_gone_and_the_file_is_not(
    chatdoc: Run, legacy: Path
) -> None:
    """What was named is removed, and the text opens again as a document with a store of its own."""
    assert chatdoc("open", legacy.name).returncode == 0
    text, named = legacy.read_bytes(), json.loads(chatdoc("forget", legacy.name, "--json").stdout)["removed"]
    done = chatdoc("forget", legacy.name, "--apply", "--json")
    value = json.loads(done.stdout)
    assert (done.returncode, value["removed"], value["applied"]) == (0, named, True)
    assert (stored(legacy.parent), legacy.read_bytes()) == (set(), text)
    again = chatdoc("forget", legacy.name, "--json")
    assert (again.returncode, json.loads(again.stdout)["kind"]) == (1, "NotFound")
    assert chatdoc("check", legacy.name).returncode == 0
    assert chatdoc("open", legacy.name).returncode == 0
    assert legacy.read_bytes() == text


def test_other_documents_of_the_folder_keep_what_they_have(chatdoc: Run, tmp_path: Path) -> None:
    """The log of the one beside it is the same before and after."""
    furnish(tmp_path)
    before = chatdoc("log", "office/plan.chat", "--json").stdout
    assert chatdoc("forget", FILE, "--apply").returncode == 0
    assert chatdoc("log", FILE).returncode == 1
    assert before
    assert chatdoc("log", "office/plan.chat", "--json").stdout == before


def test_the_store_of_a_file_that_is_gone_can_be_forgotten(chatdoc: Run, legacy: Path) -> None:
    """Then nothing is left of it, and nothing can be recovered."""
    assert chatdoc("open", legacy.name).returncode == 0
    legacy.unlink()
    assert chatdoc("forget", legacy.name, "--apply").returncode == 0
    assert stored(legacy.parent) == set()
    assert chatdoc("recover", legacy.name).returncode == 1


def test_a_file_whose_name_a_folder_has_now_is_forgotten(chatdoc: Run, legacy: Path) -> None:
    """What was stored of it goes, told by paths from where the user is, and the folder stays with what is in it."""
    assert chatdoc("open", legacy.name).returncode == 0
    legacy.unlink()
    legacy.mkdir()
    (legacy / "kept").write_bytes(b"kept")
    done = chatdoc("forget", legacy.name, "--apply")
    assert (done.returncode, done.stderr, stored(legacy.parent)) == (0, "", set())
    assert all(one.startswith(".chatdoc/") for one in done.stdout.splitlines()[:-1])
    assert (legacy / "kept").read_bytes() == b"kept"


def test_misuse_ends_with_status_2(chatdoc: Run) -> None:
    """A file must be named, and no folder is one of which nothing was stored."""
    assert chatdoc("forget").returncode == 2
    assert chatdoc("forget", ".").returncode == 2
