"""What was imported without secrets stays without them, however its log is read again."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from chatdoc.apps.importer.documents import Target
from chatdoc.apps.importer.outcome import ImportReport
from chatdoc.apps.importer.read_log import PARSER_VERSION
from chatdoc.apps.importer.redact import Redactor
from chatdoc.apps.importer.reindex import reindex
from chatdoc.apps.importer.run import Importer
from chatdoc.settings import Settings
from chatdoc.store.session_index.index import SessionIndex
from tests.apps.importer.conftest import NOW_MS

GITHUB = "ghp_" + "Ab3" * 12


def says(*texts: str) -> str:
    """A rollout in which a person says this, and a tool gives it back."""
    payloads: list[dict[str, object]] = [{"id": "s", "cwd": "/x"}]
    for number, text in enumerate(texts):
        payloads += [
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]},
            {"type": "function_call", "name": "echo", "call_id": f"c{number}", "arguments": "{}"},
            {"type": "function_call_output", "call_id": f"c{number}", "output": text},
            {"type": "omen", "text": text},
        ]
    rows = [
        {"timestamp": "2026-03-01T10:00:00Z", "type": "response_item" if number else "session_meta", "payload": one}
        for number, one in enumerate(payloads)
    ]  # fmt: skip
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log with a secret, which was imported without it."""
    path = tmp_path / "log.jsonl"
    path.write_text(says(f"use {GITHUB}"), encoding="utf-8")
    with Importer(
        Target(tmp_path / "one.chat"), Settings(), clock=lambda: NOW_MS, clean=Redactor().clean
    ) as importer:
        assert importer.run([path]).ok
    return path


def plainly(folder: Path, log: Path | None, into: str = "one.chat") -> ImportReport:
    """Import without redaction; reindex where no log is named."""
    with Importer(Target(folder / into), Settings(), clock=lambda: NOW_MS) as importer:
        return importer.run([log]) if log is not None else reindex(importer, ("codex",))


@pytest.mark.parametrize("how", ["reindexed", "grown", "written again"])
def test_reading_it_without_redaction_is_refused(how: str, log: Path, tmp_path: Path) -> None:
    """Its log has them still, and each message would have got them as its next revision."""
    before = (tmp_path / "one.chat").read_bytes()
    assert GITHUB.encode() not in before
    texts = {"grown": (f"use {GITHUB}", f"or {GITHUB}"), "written again": (f"take {GITHUB}",)}
    log.write_text(says(*texts.get(how, (f"use {GITHUB}",))), encoding="utf-8")
    (done,) = plainly(tmp_path, None if how == "reindexed" else log).sessions
    assert done.result == "failed"
    assert "--redact" in done.error
    assert (tmp_path / "one.chat").read_bytes() == before


def test_it_is_known_by_its_session_where_its_log_was_moved(log: Path, tmp_path: Path) -> None:
    """As Codex moves those that are archived."""
    before = (tmp_path / "one.chat").read_bytes()
    (done,) = plainly(tmp_path, log.rename(tmp_path / "archived.jsonl")).sessions
    assert done.result == "failed"
    assert "--redact" in done.error
    assert (tmp_path / "one.chat").read_bytes() == before


def forget_redaction(folder: Path) -> None:
    """Give the index what an earlier version wrote, which did not say how a log was read."""
    with SessionIndex.open(folder) as index:
        (row,) = index.rows()
        state = json.loads(row.state)
        del state["redacted"]
        index.put(
            msgspec.structs.replace(row, state=json.dumps(state).encode(), parser_version=PARSER_VERSION - 1)
        )


@pytest.mark.parametrize("where", ["text", "kept line"])
def test_what_an_earlier_version_imported_without_secrets_is_known_by_its_marks(
    where: str, tmp_path: Path
) -> None:
    """A new parser reads every log anew, so that a plain import after an update let all secrets in."""
    log = tmp_path / "log.jsonl"
    log.write_text(says(f"use {GITHUB}"), encoding="utf-8")
    if where == "kept line":
        lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
        log.write_text("".join(one.replace(GITHUB, "it") for one in lines[:-1]) + lines[-1], encoding="utf-8")
    with Importer(
        Target(tmp_path / "one.chat"), Settings(), clock=lambda: NOW_MS, clean=Redactor().clean
    ) as importer:
        assert importer.run([log]).ok
    forget_redaction(tmp_path)
    before = (tmp_path / "one.chat").read_bytes()
    (done,) = plainly(tmp_path, log).sessions
    assert done.result == "failed"
    assert "--redact" in done.error
    assert (tmp_path / "one.chat").read_bytes() == before


def test_what_an_earlier_version_imported_plainly_is_read_anew(tmp_path: Path) -> None:
    """It has no mark of redaction."""
    log = tmp_path / "log.jsonl"
    log.write_text(says(f"use {GITHUB}"), encoding="utf-8")
    assert plainly(tmp_path, log).counts == {"imported": 1}
    forget_redaction(tmp_path)
    assert plainly(tmp_path, log).counts == {"imported": 1}


def test_one_that_is_as_it_was_is_unchanged_and_another_document_may_have_it_whole(
    log: Path, tmp_path: Path
) -> None:
    """Nothing is read of the first, and the other one was asked for."""
    assert plainly(tmp_path, log).counts == {"unchanged": 1}
    assert plainly(tmp_path, log, into="two.chat").counts == {"imported": 1}
    assert GITHUB.encode() in (tmp_path / "two.chat").read_bytes()
