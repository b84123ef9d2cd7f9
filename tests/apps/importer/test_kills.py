"""An import that is killed at any moment is finished by the next one, with the bytes of one that was never killed."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from chatdoc.apps.importer import read_log
from chatdoc.store.session_index.index import LogRow, SessionIndex
from tests.apps.importer.conftest import Import, files_in, log_in
from tests.forked import Forked, run

CHATDOC = "chatdoc.apps.cli.main"


@pytest.mark.slow
def test_a_killed_import_goes_on(tmp_path: Path, logs: Path, run_import: Import) -> None:
    """After kills at random moments every file is whole, and no session is there twice."""
    dice = random.Random(29)
    for _ in range(8):
        with Forked(
            "import", logs, "--into", tmp_path / "killed", module=CHATDOC, folder=tmp_path
        ) as process:
            process.let_go()
            time.sleep(dice.random() * 0.8)
            process.kill()
    assert run_import(logs, into=tmp_path / "killed").ok
    run_import(logs, into=tmp_path / "whole")
    killed, whole = files_in(tmp_path / "killed"), files_in(tmp_path / "whole")
    assert killed.keys() == whole.keys()
    for name, text in whole.items():
        assert rows_of(killed[name]) == rows_of(text)


@pytest.mark.slow
def test_a_killed_watch_goes_on(tmp_path: Path, run_import: Import) -> None:
    """Logs grow line by line, also while nobody watches; each watch is killed, and in the end all is there once."""
    dice = random.Random(31)
    folder = tmp_path / "logs"
    folder.mkdir()
    left = {
        folder / f"{case}.jsonl": log_in(case).read_bytes().splitlines(keepends=True)
        for case in ("codex-tool-heavy", "claude-split-message", "codex-compacted")
    }
    watch = ("import", folder, "--watch", "--into", tmp_path / "watched")
    for _ in range(5):
        with Forked(*watch, module=CHATDOC, folder=tmp_path) as process:
            process.let_go()
            end = time.monotonic() + 0.4 + dice.random()
            while time.monotonic() < end:
                time.sleep(0.05)
                path = dice.choice(sorted(left))
                with path.open("ab") as file:
                    for line in left[path][: dice.randrange(3)]:
                        file.write(line)
                        left[path].remove(line)
            process.kill()
    for path, lines in left.items():
        with path.open("ab") as file:
            file.writelines(lines)
    assert run_import(folder, into=tmp_path / "watched").ok
    run_import(folder, into=tmp_path / "whole")
    watched, whole = files_in(tmp_path / "watched"), files_in(tmp_path / "whole")
    assert watched.keys() == whole.keys() != set()
    for name, text in whole.items():
        assert rows_of(watched[name]) == rows_of(text)


_DIES = """
import os, sys
from chatdoc.apps.cli.main import main
from chatdoc.apps.importer.documents import Documents
Documents.save = lambda self: os._exit(9)
sys.argv[0] = "chatdoc"
main()
"""


def test_what_a_killed_import_left_to_be_saved_is_saved_by_the_next(
    tmp_path: Path, run_import: Import
) -> None:
    """Its logs are all read and nothing is new in them, and yet the text of the document gets what it lacks."""
    folder, into = tmp_path / "logs", tmp_path / "into"
    folder.mkdir()
    lines = log_in("codex-tool-heavy").read_bytes().splitlines(keepends=True)
    log = folder / "codex-tool-heavy.jsonl"
    log.write_bytes(b"".join(lines[:8]))
    assert run_import(folder, into=into).ok
    log.write_bytes(b"".join(lines))
    assert run("import", folder, "--into", into, source=_DIES, folder=tmp_path).returncode == 9
    (before,) = files_in(into).values()
    (path,) = into.glob("*.chat")
    whole_text = path.read_bytes()
    path.write_bytes(b"no chat\xff")
    report = run_import(folder, into=into)
    assert not report.ok
    assert [(one.path, one.result) for one in report.sessions if one.error] == [(str(path), "failed")]
    path.write_bytes(whole_text)
    report = run_import(folder, into=into)
    assert [one.result for one in report.sessions] == ["unchanged"]
    run_import(folder, into=tmp_path / "whole")
    (after,), (whole,) = files_in(into).values(), files_in(tmp_path / "whole").values()
    assert rows_of(after) == rows_of(whole) != rows_of(before)
    with SessionIndex.open(into) as index:
        assert index.unsaved() == []


def rows_of(text: bytes) -> list[bytes]:
    """The rows of a text but the document's own, which has an id of its own."""
    return [row for row in text.split(b"\n") if b'"event":"document"' not in row]


def test_a_kill_behind_the_last_batch_leaves_no_log_that_looks_finished(
    tmp_path: Path, run_import: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its lines were read by then, and how its session ended was not said yet."""
    log = log_in("codex-minimal")
    run_import(log, into=tmp_path / "whole")
    monkeypatch.setattr(read_log, "BATCH_BYTES", 1)
    real, size = SessionIndex.put, log.stat().st_size

    def put(index: SessionIndex, row: LogRow) -> None:
        real(index, row)
        if row.cursor == size:
            raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(SessionIndex, "put", put)
        with pytest.raises(KeyboardInterrupt):
            run_import(log, into=tmp_path / "killed")
    (done,) = run_import(log, into=tmp_path / "killed").sessions
    assert (done.result, done.lines["unfinished"]) == ("imported", 0)
    killed_files, whole = files_in(tmp_path / "killed"), files_in(tmp_path / "whole")
    assert [rows_of(text) for text in killed_files.values()] == [rows_of(text) for text in whole.values()]
