"""A folder that cannot be looked at is named by whoever walks it, and what lies beside it is done."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from chatdoc import Workspace
from chatdoc.apps.search.folder import catch_up
from chatdoc.compact import compact
from chatdoc.recover import recover
from chatdoc.status import status
from chatdoc.store.chat_folders import folders_below
from chatdoc.store.search.index import SearchIndex
from tests.closed_folder import close_below
from tests.open.chats import furnish


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A folder that cannot be read, beside a document."""
    furnish(tmp_path / "a.chat")
    return close_below(tmp_path)


def test_status_recover_and_compact_name_it_and_do_the_rest(tmp_path: Path, closed: Path) -> None:
    """Each has a row for it that says why."""
    told = {one.store: one.problem for one in status(tmp_path)}
    own = closed.relative_to(tmp_path).as_posix()
    assert f"{closed} cannot be read: File name too long" in (told.pop(own) or "")
    assert list(told.values()) == [None]
    (tmp_path / "a.chat").unlink()
    good, lost = recover(tmp_path)
    assert (good.outcome, lost.outcome, lost.store) == ("recovered", "unreadable", closed)
    assert "File name too long" in (lost.problem or "")
    rows = {one.path: one for one in compact(tmp_path)}
    assert rows["a.chat"].problem is None
    assert (rows[None].store, rows[None].problem) == (closed, lost.problem)


def test_a_workspace_names_it_and_shows_the_rest(tmp_path: Path, closed: Path) -> None:
    """As it does a store that cannot be read."""
    with Workspace(tmp_path) as workspace:
        found = workspace.snapshot()
    assert [one.path for one in found.documents] == ["a.chat"]
    own = closed.relative_to(tmp_path).as_posix()
    assert [(one.store, one.error) for one in found.unreadable] == [(own, "OSError")]


def test_a_search_names_it_and_finds_what_lies_beside_it(tmp_path: Path, closed: Path) -> None:
    """With the path from the folder that is searched."""
    with SearchIndex.open(tmp_path) as index:
        assert catch_up(index, tmp_path) == [closed.relative_to(tmp_path).as_posix()]
        assert len(index.search("Hello")) == 1


@pytest.mark.parametrize("kind", ["file", "pipe", "circle", "open to all"])
def test_a_folder_of_stores_that_is_none_hides_no_other(tmp_path: Path, kind: str) -> None:
    """It is named, and the documents of the folders below are done."""
    below = tmp_path / "below"
    below.mkdir()
    furnish(below / "a.chat")
    odd = tmp_path / ".chatdoc"
    match kind:
        case "file":
            odd.write_text("in the way")
        case "pipe":
            os.mkfifo(odd)
        case "circle":
            odd.symlink_to(odd.name)
        case _:
            odd.mkdir()
            odd.chmod(0o777)
    told = {one.store: one.problem for one in status(tmp_path)}
    assert told.pop(".chatdoc")
    assert list(told.values()) == [None]
    assert sorted(one.outcome for one in recover(tmp_path)) == ["present", "unreadable"]
    assert sorted(one.problem is None for one in compact(tmp_path)) == [False, True]
    with Workspace(tmp_path) as workspace:
        found = workspace.snapshot()
    assert [one.path for one in found.documents] == ["below/a.chat"]
    assert [one.store for one in found.unreadable] == [".chatdoc"]


def test_something_else_under_the_name_of_a_file_hides_no_other(tmp_path: Path) -> None:
    """The file is a folder now, or a pipe: its text is as good as lost, and is recovered beside it."""
    for name in ("a.chat", "b.chat", "c.chat"):
        furnish(tmp_path / name)
    for name in ("a.chat", "b.chat"):
        (tmp_path / name).unlink()
    (tmp_path / "a.chat").mkdir()
    os.mkfifo(tmp_path / "b.chat")
    assert [(one.path, one.file) for one in status(tmp_path)] == [
        ("a.chat", "changed from outside"),
        ("b.chat", "changed from outside"),
        ("c.chat", "as published"),
    ]
    done = {one.file.name: one.outcome for one in recover(tmp_path) if one.file is not None}
    assert done.pop("c.chat") == "present"
    assert [(name.partition(".recovered-")[0], how) for name, how in sorted(done.items())] == [
        ("a", "recovered"),
        ("b", "recovered"),
    ]


def test_a_folder_that_goes_while_it_is_walked_is_no_error(tmp_path: Path) -> None:
    """Nothing is below what is not there; the folder that was asked for is."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        furnish(tmp_path / name / "one.chat")
    errors: list[OSError] = []
    walked = folders_below(tmp_path, errors.append)
    assert next(walked) == tmp_path / "a"
    shutil.rmtree(tmp_path / "b")
    assert (list(walked), errors) == ([], [])
    assert list(folders_below(tmp_path / "nowhere", errors.append)) == []
    assert [one.filename for one in errors] == [str(tmp_path / "nowhere")]


def test_a_link_that_leads_back_is_not_walked(tmp_path: Path) -> None:
    """Nor one that leads to itself; neither is an error."""
    furnish(tmp_path / "a.chat")
    (tmp_path / "back").symlink_to(tmp_path)
    (tmp_path / "circle").symlink_to("circle")
    assert [one.path for one in status(tmp_path)] == ["a.chat"]


def test_a_recovery_that_fails_hides_no_other(tmp_path: Path) -> None:
    """The folder of one file takes nothing now."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        furnish(tmp_path / name / "one.chat")
        (tmp_path / name / "one.chat").unlink()
    (tmp_path / "a").chmod(0o555)
    try:
        lost, done = recover(tmp_path)
    finally:
        (tmp_path / "a").chmod(0o755)
    assert (lost.outcome, lost.was, done.outcome) == ("failed", "deleted", "recovered")
    assert "may not be written" in (lost.problem or "")
