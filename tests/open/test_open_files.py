"""A process that may open no more files: nothing is lost or taken for damaged or gone, and the words say why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatdoc import open_document, read_document
from chatdoc.model.system_errors import OPEN_FILES
from tests.forked import run

PROGRAM = """
import json, os, resource, sys
from contextlib import contextmanager
from pathlib import Path
from chatdoc import open_document, read_document
from chatdoc.engine.read_file import read_bytes
from chatdoc.model.errors import ChatdocError
from chatdoc.store import backups
from chatdoc.store.atomic_file import replace_atomically

@contextmanager
def at_most(more):
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Numbers are given from below, and no number from the limit on.
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(64)]
    for one in held[:more]:
        os.close(one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (held[more], most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))
        for one in held[more:]:
            os.close(one)

def use(path):
    with open_document(path) as document:
        document.send(document.threads()[0].thread_id, sender_id="ada", content="more")

def look(path):
    read_document(path).threads()

def load(path):
    backups.load(path, "0" * 64)

def state(path):
    with open_document(path) as document:
        document.save()
        path.write_bytes(path.read_bytes() + b"\\n")
        told("state", lambda: document.file_state)
        os.rename(path, path.with_name("moved.chat"))
        told("state of a moved one", lambda: document.file_state)
        os.rename(path.with_name("moved.chat"), path)

def replace(path):
    kept = []
    replace_atomically(path, [b"new"], keep=kept.append)
    return len(kept)

def told(name, do):
    for more in range(60):
        try:
            with at_most(more):
                found = do()
        except ChatdocError as error:
            print(json.dumps([name, type(error).__name__, str(error), error.hint]))
        else:
            print(json.dumps([name, "done", str(found), ""]))
            return

KINDS = {"use": use, "look": look, "load": load, "bytes": read_bytes, "replace": replace}
path = Path(sys.argv[1])
for name in sys.argv[2:]:
    if name == "state":
        state(path)
    else:
        told(name, lambda: KINDS[name](path))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A document whose text has changed since it was written, so that it is read at the next opening."""
    path = tmp_path / "one.chat"
    with open_document(path) as document:
        document.create_thread(sender_id="ada", content="Hello")
    path.write_bytes(path.read_bytes() + b"\n")
    return path


def told(path: Path, *names: str) -> list[list[str]]:
    """What became of each, with ever more files: its name, the kind of the error or `done`, words, hint."""
    ended = run(str(path), *names, source=PROGRAM)
    assert (ended.returncode, ended.stderr) == (0, "")
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_each_step_that_finds_no_file_left_says_so(path: Path) -> None:
    """With no file more, with one, and so on: an error that says what to do until it works, and the same document."""
    before = read_document(path)
    thread_id = before.threads()[0].thread_id
    found = told(path, "use", "look", "bytes", "state")
    failed = [one for one in found if one[1] != "done"]
    assert len([one for one in failed if one[0] == "use"]) > 3
    assert {one[0] for one in failed} == {"use", "look", "bytes", "state", "state of a moved one"}
    assert [
        one for one in failed if one[1] not in ("StoreError", "WriteFailed") or one[3] != OPEN_FILES
    ] == []
    assert [one[2] for one in found if one[1] == "done" and "state" in one[0]] == ["present", "moved"]
    with open_document(path) as document:
        assert document.document_id == before.document_id
        said = [one.content for one in document.messages(thread_id)]
        assert said[0] == "Hello"
        assert "more" in said
        assert document.check(full=True).ok


def test_a_backup_that_cannot_be_read_now_is_not_damaged(tmp_path: Path) -> None:
    """Whoever would put a copy in its place might put an older one there."""
    (tmp_path / "kept").write_bytes(b"bytes")
    assert told(tmp_path / "kept", "load")[0][1::2] == ["StoreError", OPEN_FILES]


def test_a_replaced_file_is_handed_over_or_not_replaced(tmp_path: Path) -> None:
    """Somebody may have appended lines to it in that moment: who cannot open it does not put another in its place."""
    (tmp_path / "one.chat").write_bytes(b"old")
    found = told(tmp_path / "one.chat", "replace")
    assert [one[1] for one in found] == ["WriteFailed"] * (len(found) - 1) + ["done"]
    assert len(found) > 2
    assert found[-1][2] == "1"
