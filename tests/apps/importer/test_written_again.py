"""What a log says anew is imported beside what it said before, and what it says twice is there once."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc import read_document
from chatdoc.apps.importer.audit import Audit
from chatdoc.apps.importer.discover import Found
from chatdoc.apps.importer.read_log import LogFiles
from chatdoc.settings import Settings
from chatdoc.store.session_index.index import SessionIndex
from migrate.session.item import Source
from tests.apps.importer.conftest import Import, log_in


def test_a_record_that_stands_twice_is_one_in_whatever_pieces_its_log_is_read(
    tmp_path: Path, run_import: Import
) -> None:
    """A log that was appended to without its last LF has a record twice, at two moments; the first one is kept."""
    lines = log_in("claude-minimal").read_bytes().splitlines(keepends=True)
    said = [line for line in lines if b'"type":"assistant"' in line]
    lines += [*said, *(line.replace(b"Tied.", b"Tied, too.") for line in said)]
    rows = []
    for name, pieces in (("once", [lines]), ("grown", [[line] for line in lines])):
        path = tmp_path / name / "log.jsonl"
        path.parent.mkdir()
        for piece in pieces:
            with path.open("ab") as file:
                file.writelines(piece)
            run_import(path, into=path.parent / "all.chat")
        text = (path.parent / "all.chat").read_bytes()
        rows.append([row for row in text.split(b"\n") if b'"event":"document"' not in row])
    assert rows[0] == rows[1]
    assert not any(b'"variants"' in row for row in rows[0])
    assert sum(b"Tied, too." in row for row in rows[0]) == 1


def test_a_file_that_shrank_or_changed_is_read_anew(logs: Path, tmp_path: Path, run_import: Import) -> None:
    """What was written again before the cursor is noticed and said, and nothing that was imported goes."""
    path = logs / "codex-minimal" / "codex-minimal.jsonl"
    run_import(path)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"The third.", b"The fifth.") + b"\n")
    changed = run_import(path).sessions[0]
    assert changed.result == "changed"
    texts = [one.content for one in read_document(changed.document).messages(changed.thread_id or "")]
    assert "The third." in texts
    assert "The fifth." in texts
    path.write_bytes(raw[: len(raw) // 2])
    assert run_import(path).sessions[0].result == "changed"


def test_a_record_that_was_written_again_with_another_text_has_both(
    tmp_path: Path, run_import: Import
) -> None:
    """Under one uuid: it shows the text that came last, and its history has what it said first."""
    raw = log_in("claude-minimal").read_bytes()
    path, into = tmp_path / "log.jsonl", tmp_path / "out" / "all.chat"
    for text, result in ((b"Tied.", "imported"), (b"Tied twice.", "changed"), (b"Tied.", "changed")):
        path.write_bytes(raw.replace(b"Tied.", text))
        (done,) = run_import(path, into=into).sessions
        assert done.result == result
    before = into.read_bytes()
    assert run_import(path, into=into).counts == {"unchanged": 1}
    assert into.read_bytes() == before
    (message,) = [
        one
        for one in read_document(into).messages(done.thread_id or "")
        if one.sender_id == "claude" and one.content.startswith("Tied")
    ]
    assert [one.content for one in message.history] == ["Tied twice.", "Tied."]
    with SessionIndex.open(tmp_path / "out") as index:
        assert Audit(index, Settings()).run([]).findings == []


def test_what_was_written_while_a_log_was_imported_is_not_told_to_be_beyond_it(
    tmp_path: Path, run_import: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It grew after it was found and before it was read, so all of it was read."""
    lines = log_in("codex-minimal").read_bytes().splitlines(keepends=True)
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join(lines[:-2]))
    goes_into = LogFiles.goes_into

    def growing(self: LogFiles, found: Found, source: Source) -> str:
        path.write_bytes(b"".join(lines))
        return goes_into(self, found, source)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(LogFiles, "goes_into", growing)
        (done,) = run_import(path).sessions
    assert done.lines["total"] == len(lines)
    with SessionIndex.open(tmp_path / "out") as index:
        assert Audit(index, Settings()).run([]).findings == []
    assert run_import(path).counts == {"unchanged": 1}
