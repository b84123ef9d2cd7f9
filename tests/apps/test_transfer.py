"""Push and pull copy documents whole, in both directions, again and again, and never over newer edits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from benchmarks.data import legacy
from chatdoc import open_document, open_store, read_document, transfer
from chatdoc.apps.cli.main import main
from chatdoc.engine import begin_event_log
from chatdoc.verify import verify_store

NAMES = ["a.chat", "team/b.chat"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two documents, one of them below a folder, with a turn, a receipt and text that has NUL."""
    home = tmp_path / "chats"
    (home / "team").mkdir(parents=True)
    for name in NAMES:
        with open_document(home / name) as doc:
            thread = doc.create_thread(sender_id="ada", content=f"Hello {name}", command_id="begin")
            for number in range(5):
                doc.send(thread.thread_id, sender_id="bob", content=f"{number} \0 \x1a")
            with doc.start_turn(thread.thread_id, sender_id="codex") as turn:
                turn.append("done")
                turn.finalize(usage={"tokens": 3})
    return home


def run(*words: str) -> tuple[int, list[dict[str, Any]]]:
    """What a command ends with, and what it says of each document."""
    found = CliRunner().invoke(main, [*words, "--json"])
    return found.exit_code, json.loads(found.output)["documents"]


def contents(doc: Any) -> list[str]:
    """Every message of the only thread."""
    return [one.content for one in doc.messages(doc.threads()[0].thread_id)]


def events(doc: Any) -> list[tuple[str, Any]]:
    """The events that tell of threads: their ids and what they say."""
    return [(one.event_id, one.payload) for one in doc.replay() if one.aggregate_kind == "thread"]


def test_a_log_that_each_side_told_by_itself_is_one_log(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migrated chat goes there before anybody used its log; then both are read, and it still goes back and forth."""
    monkeypatch.setattr(begin_event_log, "LONG_MIN", 0)
    path = tmp_path / "chats" / "old.chat"
    path.parent.mkdir()
    path.write_bytes(legacy(30))
    open_document(path).close()
    status, done = run("push", str(path.parent), "--store", url)
    assert (status, [one["copied"]["events"] for one in done]) == (0, [0])
    with open_document(path) as ours, open_document(f"{url}#old.chat") as theirs:
        assert len(events(ours)) == 31
        assert events(ours) == events(theirs)
        theirs.send(theirs.threads()[0].thread_id, sender_id="bob", content="newer")
    status, done = run("pull", str(path.parent), "--store", url)
    assert (status, [one["outcome"] for one in done]) == (0, ["copied"])
    with open_document(path) as ours, open_document(f"{url}#old.chat") as theirs:
        assert events(ours) == events(theirs)
        assert contents(ours)[-1] == "newer"
    assert verify_store(path) == []


def test_a_folder_goes_to_a_database_and_back_whole(folder: Path, tmp_path: Path, url: str) -> None:
    """Messages, events and receipts are the same everywhere, and what is stored is sound on each side."""
    status, done = run("push", str(folder), "--store", url)
    assert (status, [one["outcome"] for one in done]) == (0, ["copied", "copied"])
    assert all(one["copied"]["events"] > 8 and one["copied"]["receipts"] >= 1 for one in done)
    back = tmp_path / "back"
    status, pulled = run("pull", str(back), "--store", url)
    assert (status, [one["name"] for one in pulled]) == (0, NAMES)
    assert [one["copied"]["digest"] for one in pulled] == [one["copied"]["digest"] for one in done]
    with open_store(url) as store:
        for name in NAMES:
            assert store.verify(name) == verify_store(back / name) == []
            with (
                open_document(folder / name) as ours,
                open_document(back / name) as theirs,
                store.open(name) as there,
            ):
                assert contents(ours) == contents(theirs) == contents(there)
                assert events(ours) == events(theirs) == events(there)
                thread = ours.threads()[0]
                again = there.create_thread(sender_id="ada", content=f"Hello {name}", command_id="begin")
                assert again.thread_id == thread.thread_id
            assert (back / name).read_text() == (folder / name).read_text()


def test_a_second_run_copies_what_is_new_and_nothing_else(folder: Path, tmp_path: Path, url: str) -> None:
    """Equal documents are left alone; edits of either side go to the other one."""
    run("push", str(folder), "--store", url)
    assert [one["outcome"] for one in run("push", str(folder), "--store", url)[1]] == ["equal", "equal"]
    back = tmp_path / "back"
    run("pull", str(back), "--store", url)
    assert [one["outcome"] for one in run("pull", str(back), "--store", url)[1]] == ["equal", "equal"]
    with open_document(f"{url}#a.chat") as doc:
        doc.send(doc.threads()[0].thread_id, sender_id="eve", content="from a server")
    status, done = run("pull", str(back), "--store", url)
    assert (status, [one["outcome"] for one in done]) == (0, ["copied", "equal"])
    assert "from a server" in contents(read_document(back / "a.chat"))
    assert "from a server" in (back / "a.chat").read_text()
    with open_document(back / "a.chat") as doc:
        doc.send(doc.threads()[0].thread_id, sender_id="ada", content="from a file")
    status, done = run("push", str(back / "a.chat"), "--store", url)
    assert (status, [one["outcome"] for one in done]) == (0, ["copied"])
    assert "from a file" in contents(read_document(f"{url}#a.chat"))


def test_newer_edits_are_never_written_over(folder: Path, tmp_path: Path, url: str) -> None:
    """Whoever lacks edits of the other side is refused, in both directions, and both stay as they are."""
    run("push", str(folder), "--store", url)
    back = tmp_path / "back"
    run("pull", str(back), "--store", url)
    with open_document(f"{url}#a.chat") as doc:
        doc.send(doc.threads()[0].thread_id, sender_id="eve", content="from a server")
        there = contents(doc)
    status, done = run("push", str(folder), "--store", url)
    assert (status, [one["outcome"] for one in done]) == (1, ["refused", "equal"])
    assert "newer edits" in done[0]["problem"]
    with open_document(back / "a.chat") as doc:
        doc.send(doc.threads()[0].thread_id, sender_id="ada", content="from a file")
        here = contents(doc)
    for words in (("push", str(back)), ("pull", str(back))):
        status, done = run(*words, "--store", url)
        assert (status, done[0]["outcome"]) == (1, "refused")
        assert "another way" in done[0]["problem"]
    assert contents(read_document(f"{url}#a.chat")) == there
    assert contents(read_document(back / "a.chat")) == here


@pytest.mark.parametrize("way", ["push", "pull"])
def test_an_edit_that_comes_while_it_is_copied_is_not_written_over(
    folder: Path, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Somebody writes to the other side behind the comparison and before the copy: it is left as it is, and said."""
    run("push", str(folder), "--store", url)
    back = tmp_path / "back"
    run("pull", str(back), "--store", url)
    places = {"files": str(back / "a.chat"), "database": f"{url}#a.chat"}
    source, target = places.values() if way == "push" else reversed(places.values())
    with open_document(source) as doc:
        doc.send(doc.threads()[0].thread_id, sender_id="ada", content="to be copied")
    real = transfer.standing

    def overtaken(*given: Any) -> str:
        found = real(*given)
        with open_document(target) as other:
            other.send(other.threads()[0].thread_id, sender_id="eve", content="meanwhile")
        return found

    monkeypatch.setattr(transfer, "standing", overtaken)
    status, done = run(way, str(back), "--store", url)
    monkeypatch.undo()
    assert (status, done[0]["outcome"]) == (1, "refused")
    assert "gone another way" in done[0]["problem"]
    assert "meanwhile" in contents(read_document(target))


def test_a_file_of_another_document_is_left_alone(folder: Path, tmp_path: Path, url: str) -> None:
    """Neither a file nor a document of the same name is replaced by another one."""
    run("push", str(folder), "--store", url)
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.chat").write_text("no chat at all")
    status, done = run("pull", str(other), "--store", url, "--document", "a.chat")
    assert (status, done[0]["outcome"]) == (1, "refused")
    assert (other / "a.chat").read_text() == "no chat at all"
    (other / "a.chat").unlink()
    with open_document(other / "a.chat") as doc:
        doc.create_thread(sender_id="ada", content="another")
    status, done = run("push", str(other), "--store", url)
    assert (status, done[0]["outcome"]) == (1, "refused")
    assert "another document named a.chat" in done[0]["problem"]


def test_a_copy_that_was_cut_off_is_finished_by_the_next_run(
    folder: Path, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the database a document is whole or not there, in a folder it has no text; the next run goes on from there."""

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(transfer, "write_all", cut_off)
    with pytest.raises(KeyboardInterrupt):
        list(transfer.push([(folder / "a.chat", "a.chat")], url))
    monkeypatch.undo()
    with open_store(url) as store:
        assert store.stored.all() == []
    status, done = run("push", str(folder), "--store", url)
    assert (status, [one["outcome"] for one in done]) == (0, ["copied", "copied"])
    monkeypatch.setattr(transfer, "write_all", cut_off)
    with pytest.raises(KeyboardInterrupt):
        list(transfer.pull(tmp_path / "back", url))
    monkeypatch.undo()
    status, done = run("pull", str(tmp_path / "back"), "--store", url)
    assert (status, [one["outcome"] for one in done]) == (0, ["copied", "copied"])
    assert contents(read_document(tmp_path / "back" / "a.chat")) == contents(read_document(folder / "a.chat"))
