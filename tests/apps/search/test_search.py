"""Search finds what was said, ranked and filtered, in chats and imported sessions; its index is a projection."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from chatdoc.apps.importer.documents import Target
from chatdoc.apps.importer.run import Importer
from chatdoc.apps.search import folder as search_folder
from chatdoc.apps.search.folder import catch_up
from chatdoc.model.errors import CommandRefused, StoreError
from chatdoc.open import open_document
from chatdoc.settings import Settings
from chatdoc.store.index_file import IndexFile
from chatdoc.store.search.index import Hit, SearchIndex
from chatdoc.store.session_index.index import SessionIndex
from tests.tidy.source import PROJECT

GOLDEN = PROJECT / "golden" / "sessions"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a chat, and two imported sessions."""
    (tmp_path / "logs").mkdir()
    for case in ("codex-tool-heavy", "claude-compaction"):
        shutil.copy(GOLDEN / case / "log.jsonl", tmp_path / "logs" / f"{case}.jsonl")
    home = tmp_path / "chats"
    with Importer(Target(home), Settings(), clock=lambda: 1_780_000_000_000) as importer:
        importer.run([tmp_path / "logs"])
    with open_document(home / "team.chat") as document:
        thread = document.create_thread(sender_id="ada", content="Shall we dye the wool?", name="Wool")
        document.send(thread.thread_id, sender_id="bob", content='Blue wool, "deep" blue; naïve choice')
    return home


def found(home: Path, query: str, **filters: str) -> list[Hit]:
    """What a search finds after the index has caught up."""
    with SearchIndex.open(home) as index:
        assert catch_up(index, home) == []
        return index.search(query, **filters)  # type: ignore[arg-type]


def test_words_phrases_and_beginnings_are_found(folder: Path) -> None:
    """All words must be there, accents do not matter, and nothing in a query is an operator."""
    assert [hit.sender_id for hit in found(folder, "wool")] == ["bob", "ada"] or len(
        found(folder, "wool")
    ) == 2
    assert [hit.snippet for hit in found(folder, '"blue wool"')] == ['[Blue wool], "deep" blue; naïve choice']
    assert len(found(folder, "naive")) == 1
    assert len(found(folder, "dy*")) == 1
    assert found(folder, '"wool blue"') == []
    assert found(folder, "wool NOT blue") == []
    assert len(found(folder, 'wool" OR (NEAR')) == 0


def test_a_query_without_a_word_is_refused(folder: Path) -> None:
    """Signs alone are no query."""
    with pytest.raises(CommandRefused, match="no word"):
        found(folder, '"*" --')


def test_a_query_may_have_any_sign(folder: Path) -> None:
    """None is an operator, and none ends the query: FTS5 takes a NUL for that."""
    for sign in map(chr, range(128)):
        assert {hit.sender_id for hit in found(folder, f"wool{sign} {sign}blue")} <= {"bob"}
    assert len(found(folder, "deep\0blue")) == 1


@pytest.mark.parametrize("damage", ["pages", "table", "names"])
def test_an_index_that_cannot_be_read_says_what_makes_it_again(folder: Path, damage: str) -> None:
    """Whatever part of it is broken, and whether that is met in looking, in searching or in catching up."""
    found(folder, "wool")
    file = folder / ".chatdoc" / "indexes" / "search.sqlite3"
    if damage == "pages":
        content = bytearray(file.read_bytes())
        content[4096:] = bytes(len(content) - 4096)
        file.write_bytes(content)
    else:
        with closing(sqlite3.connect(file)) as connection:
            broken = "DROP TABLE searched_texts" if damage == "table" else (
                "UPDATE searched_messages SET thread = CAST(x'ff' AS TEXT)"
            )  # fmt: skip
            connection.execute(broken)
            connection.commit()
    with pytest.raises(StoreError, match="next search makes it again"):
        found(folder, "wool")
    file.unlink()
    assert len(found(folder, "wool")) == 2


@pytest.mark.parametrize("kind", [SearchIndex, SessionIndex])
def test_whoever_opens_an_index_first_makes_it_once(
    tmp_path: Path, kind: type[SearchIndex] | type[SessionIndex]
) -> None:
    """An assistant that searches twice at once, in a folder that was never searched, finds what is there twice."""
    failed: list[Exception] = []
    for number in range(20):
        at_once = threading.Barrier(3)

        def go(folder: Path = tmp_path / str(number), at_once: threading.Barrier = at_once) -> None:
            at_once.wait(60)
            try:
                kind.open(folder).close()
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=go) for _ in range(3)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    assert failed == []


def test_sources_roles_and_dates_narrow_it(folder: Path) -> None:
    """Sessions by the tool that wrote them, chats as chat; people and agents; from a date on."""
    (knots,) = found(folder, "knots tidy", source="codex", role="user")
    assert knots.thread == "Count the knots and tidy up."
    assert found(folder, "knots tidy", source="claude") == []
    assert found(folder, "knots tidy", role="assistant") == []
    assert {hit.source for hit in found(folder, "wool")} == {"chat"}
    assert found(folder, "knots", since="2026-04-01T00:00:00.000Z") == []


@pytest.mark.parametrize("seed", [4, 5])
def test_catching_up_equals_a_rebuild(seed: int, folder: Path) -> None:
    """After edits, deletions, new, renamed and removed documents the index is the one made from nothing."""
    dice = random.Random(seed)
    print(f"seed {seed}")
    found(folder, "wool")
    for step in range(12):
        with open_document(folder / f"{dice.choice('ab')}.chat") as document:
            threads = document.threads()
            if not threads or dice.random() < 0.3:
                document.create_thread(sender_id="ada", content=f"thread {step}")
            else:
                messages = document.messages(dice.choice(threads).thread_id)
                one = dice.choice(messages)
                kind = dice.randrange(3)
                if kind == 0:
                    document.edit(one.message_id, author_id="ada", content=f"edited {step}")
                elif kind == 1 and one.reply_to_message_id is not None:
                    document.delete_message(one.message_id, deleted_by="ada")
                else:
                    document.send(one.thread_id, sender_id="bob", content=f"said {step}")
        if dice.random() < 0.6:
            found(folder, "said")
    (folder / "team.chat").unlink()
    found(folder, "said")
    with SearchIndex.open(folder) as index:
        kept = index.rows()
        hits = index.search("said")
        index.clear()
        assert index.rows() == []
        catch_up(index, folder)
        assert index.rows() == kept
        assert index.search("said") == hits
    assert not any(row[0] == "team.chat" for row in kept)


def test_a_search_that_nothing_changed_for_reads_no_document(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documents that look as they did are not read again."""
    found(folder, "wool")

    def fail(path: Path) -> None:
        raise AssertionError(f"{path} was read")

    monkeypatch.setattr("chatdoc.apps.search.folder.read_document", fail)
    assert len(found(folder, "wool")) == 2


def test_what_cannot_be_read_or_spelled_hides_nothing_else(folder: Path) -> None:
    """A name that is no UTF-8 is searched under its spelling; a link that leads nowhere, or in a circle, is told."""
    odd = folder / os.fsdecode(b"caf\xe9.chat")
    shutil.copy(folder / "team.chat", odd)
    (folder / "gone.chat").symlink_to(folder / "nowhere")
    (folder / "loop.chat").symlink_to(folder / "loop.chat")
    with SearchIndex.open(folder) as index:
        assert catch_up(index, folder) == ["gone.chat", "loop.chat"]
        assert {hit.document for hit in index.search("naïve")} == {"caf\\xe9.chat", "team.chat"}
        odd.unlink()
        catch_up(index, folder)
        assert {hit.document for hit in index.search("naïve")} == {"team.chat"}


def test_an_index_that_finds_no_room_asks_for_room(tmp_path: Path) -> None:
    """Moving the file away, which heals a broken one, would help nobody."""
    index = IndexFile(tmp_path, "any.sqlite3", hint="Move the file away")
    index.connection.execute("PRAGMA max_page_count = 2")
    with pytest.raises(StoreError, match=r"disk is full\. Free space on the disk"):
        index.prepare(
            1, lambda _: "CREATE TABLE a (b); INSERT INTO a VALUES (zeroblob(100000));", hint="Move it away"
        )
    index.close()


def test_a_folder_that_may_not_be_written_or_read_is_named(tmp_path: Path, folder: Path) -> None:
    """As its superuser may do everything, a child without that power looks."""
    (folder / "closed").mkdir(mode=0)
    (tmp_path / "archive").mkdir(mode=0o555)
    for home, words in (
        (folder, "closed: cannot be read, so it was not searched"),
        (tmp_path / "archive", "hint: Allow writing to"),
    ):
        powers = "-dac_override,-dac_read_search"
        plain = ["setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}"] if os.geteuid() == 0 else []
        command = [*plain, sys.executable, "-m", "chatdoc.apps.cli.main", "search", "naïve", str(home)]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        assert words in done.stdout + done.stderr


@pytest.mark.parametrize("lost", [False, True], ids=["", "index lost"])
def test_only_what_was_written_is_read_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    """The stores of a folder's documents lie side by side, and a write to one is none to the others.

    Where the index of paths is lost, any store may be a document's, so all that have none there are read again.
    """
    found(folder, "wool")
    if lost:
        shutil.rmtree(folder / ".chatdoc" / "paths")
        found(folder, "wool")
    read: list[str] = []
    real = search_folder.read_document
    monkeypatch.setattr(search_folder, "read_document", lambda path: (read.append(path.name), real(path))[1])
    assert found(folder, "indigo") == []
    assert read == []
    with open_document(folder / "team.chat") as document:
        document.send(document.threads()[0].thread_id, sender_id="bob", content="indigo")
    assert [hit.sender_id for hit in found(folder, "indigo")] == ["bob"]
    others = sorted(path.name for path in folder.rglob("*.chat") if path.name != "team.chat")
    assert sorted(read) == sorted(["team.chat", *(others if lost else [])])
