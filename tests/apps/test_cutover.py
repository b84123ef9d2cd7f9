"""Cutover moves a document in use between a file and a database, and back; it lives in one place at any time."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from chatdoc import open_document, open_store
from chatdoc.apps.cli.main import main
from chatdoc.cutover import Cutover, cutover
from chatdoc.document import Document
from chatdoc.model.errors import ChatdocError, CommandRefused, DocumentMoved, NewerEdits
from chatdoc.status import status
from chatdoc.verify import verify_store
from tests import forked

NAME = "a.chat"
PHASES = ("backfill", "verify", "switch", "serve")
KILLED = """
import os, signal, sys
from chatdoc.cutover import cutover
file, url, back, at = sys.argv[1:]
cutover(file, url, back=back == "back", on_phase=lambda phase: phase == at and os.kill(os.getpid(), signal.SIGKILL))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A document with a turn, receipts, and text that has NUL."""
    with open_document(tmp_path / NAME) as doc:
        thread = doc.create_thread(sender_id="ada", content="Hello", command_id="begin").thread_id
        for number in range(5):
            doc.send(thread, sender_id="bob", content=f"{number} \0 \x1a", command_id=f"c-{number}")
        with doc.start_turn(thread, sender_id="codex") as turn:
            turn.append("done")
            turn.finalize(usage={"tokens": 3})
    return tmp_path / NAME


def contents(doc: Document) -> list[str]:
    """Every message of the only thread."""
    return [one.content for one in doc.messages(doc.threads()[0].thread_id)]


def say(doc: Document, content: str) -> None:
    """Send to the only thread."""
    doc.send(doc.threads()[0].thread_id, sender_id="eve", content=content, command_id=content)


def go(file: Path, url: str, way: str) -> Cutover:
    """Move it forth or back."""
    return cutover(file, url, back=way == "back")


def places(file: Path, url: str, way: str) -> tuple[str, str]:
    """Where the document is before, and afterwards."""
    here, there = str(file), f"{url}#{NAME}"
    return (there, here) if way == "back" else (here, there)


def prepare(file: Path, url: str, way: str) -> None:
    """Let the document be where this way begins."""
    if way == "back":
        go(file, url, "forth")


@pytest.mark.parametrize("way", ["forth", "back"])
def test_who_holds_the_side_that_it_left_is_told_where_it_lives(file: Path, url: str, way: str) -> None:
    """Nothing is written there any more, by who has it open or opens it; a command is repeated at the other side."""
    prepare(file, url, way)
    before, after = places(file, url, way)
    with open_document(before) as doc:
        say(doc, "before")
        kept = contents(doc)
        done = go(file, url, way)
        assert done.outcome == "moved"
        for attempt in (lambda: say(doc, "late"), lambda: open_document(before).close()):
            with pytest.raises(DocumentMoved, match="lives at") as told:
                attempt()
            assert told.value.place == done.lives_at
            assert done.lives_at in str(told.value)
    with open_document(after) as doc:
        assert contents(doc) == kept
        say(doc, "before")  # Its receipt went along.
        say(doc, "late")
        assert contents(doc) == [*kept, "late"]
        assert doc.check(full=True).ok
    assert go(file, url, way).outcome == "already"


def test_it_goes_forth_and_back_with_all_that_is_stored(file: Path, url: str) -> None:
    """Rows are equal on both sides each time, also behind a sealed log, and the text follows."""
    first = go(file, url, "forth")
    with open_store(url) as store:
        assert store.verify(NAME) == []
        with store.open(NAME) as doc:
            say(doc, "from the database")
            doc.engine.store.seal_logs()
            text = contents(doc)
    assert [one.file for one in status(file.parent)] == ["moved"]
    second = go(file, url, "back")
    assert second.updates > first.updates
    assert second.digest != first.digest
    assert verify_store(file) == []
    with open_document(file) as doc:
        assert contents(doc) == text
        say(doc, "from the file")
    assert "from the file" in file.read_text()
    third = go(file, url, "forth")
    with open_document(f"{url}#{NAME}") as doc:
        assert contents(doc) == [*text, "from the file"]
    assert third.outcome == "moved"


@pytest.mark.parametrize("way", ["forth", "back"])
@pytest.mark.parametrize("phase", PHASES)
def test_killed_at_any_phase_it_lives_in_one_place(file: Path, url: str, way: str, phase: str) -> None:
    """Before its switch it goes on where it was; behind it, the next run lets the other side serve."""
    prepare(file, url, way)
    before, after = places(file, url, way)
    done = forked.run(file, url, way, phase, source=KILLED)
    assert done.returncode == -signal.SIGKILL, done.stderr
    taken = []
    for place in (before, after):
        try:
            with open_document(place) as doc:
                say(doc, f"at {place == before}")
        except ChatdocError:
            continue
        taken.append(place)
    assert taken == ([] if phase == "serve" else [before])
    again = go(file, url, way)
    assert again.outcome == ("finished" if phase == "serve" else "moved")
    with open_document(after) as doc:
        assert len(contents(doc)) == (7 if phase == "serve" else 8)
        say(doc, "afterwards")
        assert doc.check(full=True).ok
    with pytest.raises(DocumentMoved):
        open_document(before)


def test_a_place_that_has_something_else_or_newer_is_left_as_it_is(file: Path, url: str) -> None:
    """Neither another document nor edits that the source lacks are written over, and the document stays."""
    with open_store(url) as store:
        store.open("other.chat").close()
        with pytest.raises(NewerEdits, match=r"other\.chat is document"):
            cutover(file, url, name="other.chat")
    runner = CliRunner()
    assert runner.invoke(main, ["push", str(file), "--store", url]).exit_code == 0
    with open_document(f"{url}#{NAME}") as doc:
        say(doc, "newer")
    with pytest.raises(NewerEdits, match="newer edits"):
        go(file, url, "forth")
    for place in places(file, url, "forth"):
        with open_document(place) as doc:
            say(doc, "as before")
    with open_store(url) as store:
        store.stored.forget(store.require(NAME).key)
    assert runner.invoke(main, ["push", str(file), "--store", url]).exit_code == 0
    assert go(file, url, "forth").outcome == "moved"
    with pytest.raises(DocumentMoved):
        open_document(file)


def test_a_pushed_copy_with_an_event_of_its_own_is_brought_to_what_the_source_says(
    file: Path, url: str
) -> None:
    """An opening notes in which folder it found the document, each side for itself: the copy's log is taken anew."""
    assert CliRunner().invoke(main, ["push", str(file), "--store", url]).exit_code == 0
    open_document(f"{url}#{NAME}").close()
    with open_document(file) as doc:
        say(doc, "newer")
        kept = contents(doc)
        events = doc.log.last_sequence()
    done = go(file, url, "forth")
    assert (done.outcome, done.events) == ("moved", events)
    with open_store(url) as store:
        assert store.verify(NAME) == []
        with store.open(NAME) as doc:
            assert contents(doc) == kept


def test_the_name_of_a_document_that_moved_away_is_not_given_to_a_new_one(file: Path, url: str) -> None:
    """Who opens it in the database finds no empty document; a new file of that name is none either."""
    go(file, url, "forth")
    go(file, url, "back")
    with open_store(url) as store:
        for attempt in (
            lambda: store.open(NAME),
            lambda: store.open(NAME, create=False),
            lambda: store.read(NAME),
        ):
            with pytest.raises(DocumentMoved):
                attempt()
        assert store.documents() == []
    status_, found = run("push", str(file), "--store", url)
    assert (status_, found["documents"][0]["outcome"]) == (1, "refused")
    go(file, url, "forth")
    file.unlink()
    with pytest.raises(DocumentMoved):
        open_document(file)


def test_a_file_of_another_document_in_its_place_is_opened(file: Path, url: str, tmp_path: Path) -> None:
    """What moved away holds no name for a file that somebody put there."""
    go(file, url, "forth")
    with open_document(tmp_path / "b.chat") as doc:
        doc.create_thread(sender_id="ada", content="another")
    file.write_bytes((tmp_path / "b.chat").read_bytes())
    with open_document(file) as doc:
        assert contents(doc) == ["another"]


def test_it_stays_while_a_turn_runs(file: Path, url: str) -> None:
    """A turn's process could not go on with it at the other side."""
    with open_document(file) as doc:
        turn = doc.start_turn(doc.threads()[0].thread_id, sender_id="codex")
        with pytest.raises(CommandRefused, match="1 turns of agents run"):
            go(file, url, "forth")
        turn.finalize()
        assert go(file, url, "forth").outcome == "moved"


def run(*words: str) -> tuple[int, Any]:
    """What a command ends with, and what it says."""
    found = CliRunner().invoke(main, [*words, "--json"])
    return found.exit_code, json.loads(found.output)


def test_the_command_says_what_it_did(file: Path, url: str) -> None:
    """As JSON and in words, forth and back."""
    code, said = run("cutover", str(file), "--store", url, "--name", "team/a.chat")
    assert (code, said["outcome"]) == (0, "moved")
    assert said["lives_at"].endswith("#team/a.chat")
    told = CliRunner().invoke(main, ["cutover", str(file), "--store", url, "--name", "team/a.chat", "--back"])
    assert told.exit_code == 0
    assert [one for one in told.output.splitlines() if one in PHASES] == list(PHASES)


@pytest.mark.parametrize("way", ["forth", "back"])
@pytest.mark.parametrize("phase", ["backfill", "verify"])
def test_of_two_runs_at_once_one_moves_it_and_the_other_takes_nothing_back(
    file: Path, url: str, way: str, phase: str
) -> None:
    """The slower one meets a document that has moved, or a copy that is not as it left it; what came since stays."""
    prepare(file, url, way)
    before, after = places(file, url, way)
    with open_document(before) as doc:
        kept = contents(doc)

    def meanwhile(reached: str) -> None:
        if reached == phase:
            assert go(file, url, way).outcome == "moved"
            with open_document(after) as there:
                say(there, "since")

    with pytest.raises((DocumentMoved, NewerEdits)):
        cutover(file, url, back=way == "back", on_phase=meanwhile)
    with open_document(after) as doc:
        assert contents(doc) == [*kept, "since"]
        assert doc.check(full=True).ok
