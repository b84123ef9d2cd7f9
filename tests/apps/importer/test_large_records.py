"""What is larger than peers take costs its own line, and nothing of the log around it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from chatdoc import read_document
from chatdoc.apps.importer.audit import Audit
from chatdoc.settings import Settings
from chatdoc.store.session_index.index import SessionIndex
from tests.apps.importer.conftest import Import

MIB = 1024 * 1024


def findings(folder: Path) -> list[tuple[str, int | None]]:
    """What an audit says of the logs that were imported into a folder."""
    with SessionIndex.open(folder) as index:
        return [(one.code, one.line) for one in Audit(index, Settings()).run([]).findings]


def test_a_call_that_was_given_more_than_a_record_may_have_is_cut(
    logs: Path, tmp_path: Path, run_import: Import
) -> None:
    """It is shown with the beginning of what it was given, and the audit names its line."""
    path = logs / "codex-minimal" / "codex-minimal.jsonl"
    raw = path.read_bytes()
    call = {
        "type": "function_call",
        "name": "write",
        "call_id": "w1",
        "arguments": '{"path":"a","text":"' + "x" * 20 * MIB + '"}',
    }
    line = msgspec.json.encode(
        {"timestamp": "2026-03-01T10:00:09Z", "type": "response_item", "payload": call}
    )
    path.write_bytes(raw + line + b"\n")
    (done,) = run_import(path).sessions
    assert (done.result, done.tool_calls) == ("imported", 1)
    (made,) = [
        one.extra["tool_call"]
        for one in read_document(done.document).messages(done.thread_id or "")
        if "tool_call" in one.extra
    ]
    assert made["input"].startswith('{"path":"a"')
    assert made["input"].endswith("more characters are in the log")
    assert findings(tmp_path / "out") == [("cut", raw.count(b"\n") + 1)]


@pytest.mark.parametrize("piece", [b"\0", b'"'])
def test_a_line_that_is_larger_as_json_is_named_by_its_size(
    piece: bytes, logs: Path, tmp_path: Path, run_import: Import
) -> None:
    """A byte of zero takes six as JSON: a run of them, as a power failure leaves it, kept a whole log out."""
    path = logs / "codex-minimal" / "codex-minimal.jsonl"
    raw = path.read_bytes()
    path.write_bytes(raw + piece * 8 * MIB + b"\n" + raw.splitlines()[-1] + b"\n")
    (done,) = run_import(path).sessions
    assert (done.result, done.lines["quarantined"]) == ("imported", 1)
    texts = [row.text for row in read_document(done.document).attic()]
    assert f"{8 * MIB} bytes, left in the log" in texts
    assert findings(tmp_path / "out") == [("cut", raw.count(b"\n") + 1)]


@pytest.mark.parametrize("marks", [1, 3_000])
def test_a_byte_order_mark_is_no_part_of_a_record(marks: int, logs: Path, run_import: Import) -> None:
    """An editor that puts one before the header takes no session its name, and many of them end no import."""
    for case in ("codex-minimal/codex-minimal.jsonl", "claude-minimal/claude-minimal.jsonl"):
        path = logs / case
        plain = run_import(path).sessions[0]
        path.write_bytes(b"\xef\xbb\xbf" * marks + path.read_bytes())
        marked = run_import(path).sessions[0]
        assert (marked.session_id, marked.lines, marked.tokens) == (
            plain.session_id,
            plain.lines,
            plain.tokens,
        )
