"""Documents of a database, from Python, from the terminal, and served by two servers at once."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from chatdoc import open_document, open_store, read_document
from chatdoc.apps.cli.main import main
from chatdoc.model.errors import CommandRefused, NotFound, StoreError
from chatdoc.store.part_ports import CallingFeed
from chatdoc.store.postgres import hint_thread


def soon(is_so: Callable[[], bool]) -> bool:
    """Whether something comes true."""
    end = time.monotonic() + 60
    while not is_so() and time.monotonic() < end:
        time.sleep(0.005)
    return is_so()


def run(*words: str) -> tuple[int, str]:
    """What a command ends with and prints."""
    found = CliRunner().invoke(main, list(words))
    return found.exit_code, found.output


def test_a_document_of_a_database_is_opened_by_name_and_id(url: str) -> None:
    """It needs no file, is there for the next who opens it, and the same command id gives the first answer."""
    with open_document(f"{url}#team/plan.chat") as doc:
        thread = doc.create_thread(sender_id="ada", content="Hello", command_id="one")
        assert doc.path is None
        document_id = doc.document_id
    with open_store(url) as store:
        assert [one.name for one in store.documents()] == ["team/plan.chat"]
        with store.open(str(document_id), create=False) as again:
            assert again.create_thread(sender_id="ada", content="Hello", command_id="one") == thread
            assert [one.content for one in again.messages(thread.thread_id)] == ["Hello"]
        with pytest.raises(NotFound, match="no document other"):
            store.open("other", create=False)
        for name in ("", "a//b", "../a", "a\nb", "x" * 1001):
            with pytest.raises(CommandRefused, match="expected a printable name"):
                store.open(name)
        for ask in (store.open, store.read, store.verify):
            with pytest.raises(CommandRefused, match="half of a surrogate pair"):
                ask("a\udc80.chat")
    assert [one.thread_id for one in read_document(f"{url}#team/plan.chat").threads()] == [thread.thread_id]


def test_a_file_mirrors_a_document_of_a_database(tmp_path: Path, url: str) -> None:
    """An old file is migrated into the database; the folder has its text and its backup, and no store."""
    file = tmp_path / "team.chat"
    with open_document(file, store=f"{url}#folder") as doc:
        thread = doc.create_thread(sender_id="ada", content="Hello")
    assert thread.thread_id in file.read_text()
    assert not list(tmp_path.rglob("*.sqlite3"))
    with open_document(f"{url}#folder/team.chat") as doc:
        doc.send(thread.thread_id, sender_id="bob", content="from a server")
    with open_document(file, store=f"{url}#folder") as doc:
        assert [one.content for one in doc.messages(thread.thread_id)] == ["Hello", "from a server"]
    assert "from a server" in file.read_text()


def test_two_openings_write_to_one_document_and_nothing_is_lost(url: str) -> None:
    """Each decides on what the other has acknowledged; logs have no gap, rows are what the log says."""
    with open_store(url) as store, store.open("team.chat") as one, store.open("team.chat") as two:
        thread = one.create_thread(sender_id="ada", content="Hello").thread_id

        def write(doc: object, name: str) -> None:
            for number in range(30):
                doc.send(thread, sender_id=name, content=f"{name} {number}", command_id=f"{name} {number}")  # type: ignore[attr-defined]

        writers = [threading.Thread(target=write, args=given) for given in ((one, "ada"), (two, "bob"))]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(60)
        said = [message.content for message in one.messages(thread)]
        assert sorted(said[1:]) == sorted(
            f"{name} {number}" for name in ("ada", "bob") for number in range(30)
        )
        assert said == [message.content for message in two.messages(thread)]
        assert one.check(full=True).ok
        assert store.verify("team.chat") == []


@pytest.mark.parametrize("silent", [False, True])
def test_who_follows_hears_of_another_server(url: str, silent: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hint comes with NOTIFY; and where a server dies before it gave one, versions are compared each second."""
    if not silent:
        monkeypatch.setattr(hint_thread, "COMPARE_S", 3600.0)  # So that nothing but the hint is heard.
    program = (
        "import sys\nfrom chatdoc import open_document\nfrom chatdoc.store.postgres.hints import Hints\n"
        f"if {silent}: Hints.tell = Hints.behind_commit = lambda *_: None\n"
        "with open_document(sys.argv[1]) as doc:\n"
        "    doc.send(sys.argv[2], sender_id='bob', content='Hi')\n"
        "    print('sent', flush=True)\n    sys.stdin.read()\n"
    )
    with open_store(url) as store, store.open("team.chat") as one:
        thread = one.create_thread(sender_id="ada", content="Hello").thread_id
        heard: list[int] = []
        feed = one.engine.store.feed
        assert isinstance(feed, CallingFeed)
        feed.call(lambda: heard.append(1))
        other = subprocess.Popen(
            [sys.executable, "-c", program, f"{url}#team.chat", thread],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with other:
            assert other.stdout is not None
            assert other.stdin is not None
            assert other.stdout.readline() == b"sent\n"
            assert soon(lambda: bool(heard))
            assert [message.content for message in one.messages(thread)] == ["Hello", "Hi"]
            other.stdin.close()


def test_commands_of_the_terminal_work_from_a_database(tmp_path: Path, url: str) -> None:
    """`status` lists it, `check` verifies what is stored, `export` writes it."""
    with open_document(f"{url}#team.chat") as doc:
        doc.create_thread(sender_id="ada", content="Hello")
    status, said = run("status", "--store", url, "--json")
    assert status == 0
    assert [one["name"] for one in json.loads(said)["documents"]] == ["team.chat"]
    status, said = run("check", "team.chat", "--store", url, "--json")
    assert (status, json.loads(said)["store"]) == (0, [])
    out = tmp_path / "out.chat"
    status, said = run("export", "team.chat", "--store", url, "--to", "v2", "-o", str(out))
    assert status == 0, said
    assert b"Hello" in out.read_bytes()
    assert run("export", "other.chat", "--store", url, "--to", "v2")[0] == 1
    assert run("check", "team.chat", "--store", "sqlite://x")[0] == 2
    assert run("serve")[0] == 2


def test_the_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra nothing else changes, and the error says how to get it."""
    for name in [one for one in sys.modules if one.startswith(("psycopg", "chatdoc.store.postgres"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"chatdoc\[postgres\]"):
        open_store("postgresql:///chats")
