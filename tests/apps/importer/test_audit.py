"""The audit names what is hidden, lost, cut, counted twice or gone; its certificate is proven, and no forged one is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatdoc.apps.importer.audit import Audit, AuditReport
from chatdoc.apps.importer.certificate import certificate
from chatdoc.settings import Settings
from chatdoc.store.session_index.index import SessionIndex
from tests.apps.importer.conftest import Import
from tests.tidy.source import PROJECT

CHECKER = PROJECT / "docs" / "verify_certificate.py"


def audit(folder: Path, *roots: Path, settings: Settings | None = None) -> tuple[AuditReport, bytes]:
    """The report of a workspace folder, and its certificate."""
    with SessionIndex.open(folder) as index:
        work = Audit(index, settings or Settings())
        report = work.run(roots)
        return report, certificate(work.proofs)


def verify(path: Path, *arguments: str) -> tuple[int, str]:
    """What the checker says, run as its page says."""
    done = subprocess.run(
        [sys.executable, "-I", str(CHECKER), str(path), *arguments], capture_output=True, encoding="utf-8"
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


def codes(report: AuditReport) -> set[str]:
    """The codes of what was found."""
    return {one.code for one in report.findings}


def test_what_was_imported_whole_is_proven(logs: Path, tmp_path: Path, run_import: Import) -> None:
    """Every line of every golden log, damaged ones too, is found again in its document, by a checker of its own."""
    run_import(logs)
    report, raw = audit(tmp_path / "out", logs)
    assert report.ok
    assert codes(report) == set()
    assert report.counts["present"] == len(list(logs.iterdir()))
    (tmp_path / "proof.json").write_bytes(raw)
    status, said = verify(tmp_path / "proof.json")
    assert (status, said.split(":")[0]) == (0, "proven")


def test_the_checker_is_short_and_knows_nothing_of_us() -> None:
    """At most 100 lines, and the standard library only."""
    text = CHECKER.read_text(encoding="utf-8")
    assert text.count("\n") <= 100
    imported = {line.split()[1] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert imported <= {"__future__", "json", "sys", "hashlib", "typing"}


def test_each_standing_is_told(logs: Path, tmp_path: Path, run_import: Import) -> None:
    """Grown, changed, gone and never imported logs are named, and only what was changed is no good."""
    one, two, three, four = (
        logs / name / f"{name}.jsonl"
        for name in ("codex-minimal", "codex-compacted", "claude-minimal", "codex-tool-heavy")
    )
    run_import(one, two, three)
    one.write_bytes(one.read_bytes() + b'{"timestamp":"2026-03-01T11:00:00Z","type":"later","payload":{}}\n')
    three.unlink()
    report, _ = audit(tmp_path / "out", logs)
    standing = {Path(log.path).name: log.standing for log in report.logs}
    assert standing[one.name] == "grown"
    assert standing[two.name] == "present"
    assert standing[three.name] == "source_missing"
    assert standing[four.name] == "not_imported"
    assert report.ok
    two.write_bytes(two.read_bytes().replace(b"Half done.", b"Half gone."))
    report, _ = audit(tmp_path / "out", logs)
    assert not report.ok
    assert {"changed", "lost", "grown", "source_missing", "not_imported"} == codes(report)


def test_a_message_that_was_lost_is_named_with_its_line(
    logs: Path, tmp_path: Path, run_import: Import
) -> None:
    """A document that no longer shows a line's message is told of by log, line and message."""
    report = run_import(logs / "codex-minimal", into=tmp_path / "out" / "one.chat")
    path = Path(report.sessions[0].document)
    rows = path.read_bytes().splitlines(keepends=True)
    for store in (tmp_path / "out" / ".chatdoc").iterdir():
        if store.name != "indexes":
            shutil.rmtree(store) if store.is_dir() else store.unlink()
    path.write_bytes(b"".join(row for row in rows if b"The third." not in row or b'"attic"' in row))
    found, _ = audit(tmp_path / "out", logs / "codex-minimal")
    assert not found.ok
    (lost,) = [one for one in found.findings if one.code == "lost"]
    assert lost.line == 10
    assert "message" in lost.detail


def test_one_session_in_two_documents_is_counted_twice(
    logs: Path, tmp_path: Path, run_import: Import
) -> None:
    """The same log imported into two documents of one folder is told of, with both rows."""
    copy = tmp_path / "again.jsonl"
    shutil.copyfile(logs / "codex-minimal" / "codex-minimal.jsonl", copy)
    run_import(logs / "codex-minimal", into=tmp_path / "out" / "one.chat")
    run_import(copy, into=tmp_path / "out" / "two.chat")
    report, _ = audit(tmp_path / "out")
    assert codes(report) == {"counted_twice"}
    assert not report.ok


def _line(told: dict[str, Any], fate: str) -> list[Any]:
    for log in told["logs"]:
        for line in log["lines"]:
            if line[4] == fate and line[5]:
                found: list[Any] = line
                return found
    raise AssertionError(f"no line of fate {fate}")


def _forge_digest(told: dict[str, Any]) -> None:
    _line(told, "record")[3] = "0" * 64


def _forge_fate(told: dict[str, Any]) -> None:
    _line(told, "record")[4] = "activity"


def _forge_blank(told: dict[str, Any]) -> None:
    _line(told, "record")[4] = "blank"


def _drop_made(told: dict[str, Any]) -> None:
    _line(told, "record")[5].clear()


def _add_made(told: dict[str, Any]) -> None:
    _line(told, "record")[5].append(["0000000000CG9JQAYJERGA0RTX", "0" * 64])


def _other_text(told: dict[str, Any]) -> None:
    _line(told, "record")[5][0][1] = "1" * 64


def _drop_line(told: dict[str, Any]) -> None:
    del told["logs"][0]["lines"][3]


def _drop_last_line(told: dict[str, Any]) -> None:
    log = told["logs"][0]
    log["bytes"] = log["lines"].pop()[1]


def _swap_lines(told: dict[str, Any]) -> None:
    lines = told["logs"][0]["lines"]
    lines[2], lines[3] = lines[3], lines[2]


def _other_session(told: dict[str, Any]) -> None:
    told["logs"][0]["session"] = "somebody-elses"


def _other_root(told: dict[str, Any]) -> None:
    told["logs"][0]["root"] = "2" * 64


def _drop_log(told: dict[str, Any]) -> None:
    del told["logs"][1]


def _hide_attic(told: dict[str, Any]) -> None:
    line = _line(told, "attic")
    line[5], line[6] = [], "kept elsewhere"


FORGERIES = [
    _forge_digest, _forge_fate, _forge_blank, _drop_made, _add_made, _other_text, _drop_line, _drop_last_line,
    _swap_lines, _other_session, _other_root, _drop_log, _hide_attic,
]  # fmt: skip


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__.strip("_"))
def test_a_forged_certificate_is_refused(
    forge: Callable[[dict[str, Any]], None], logs: Path, tmp_path: Path, run_import: Import
) -> None:
    """Whatever is changed in a certificate, it proves nothing any more."""
    run_import(logs / "codex-minimal", logs / "claude-minimal")
    _, raw = audit(tmp_path / "out", logs / "codex-minimal", logs / "claude-minimal")
    path = tmp_path / "proof.json"
    path.write_bytes(raw)
    assert verify(path)[0] == 0
    told = json.loads(raw)
    forge(told)
    path.write_text(json.dumps(told))
    status, said = verify(path)
    assert (status, said.split(":")[0]) == (1, "refused")


@pytest.mark.parametrize("what", ["a byte of the log", "the log's end", "the document"])
def test_other_files_are_refused(what: str, logs: Path, tmp_path: Path, run_import: Import) -> None:
    """A log or a document that was changed after the certificate was made is not what it proves."""
    log = logs / "codex-minimal" / "codex-minimal.jsonl"
    document = Path(run_import(log).sessions[0].document)
    _, raw = audit(tmp_path / "out", logs / "codex-minimal")
    (tmp_path / "proof.json").write_bytes(raw)
    root = json.loads(raw)["root"]
    assert verify(tmp_path / "proof.json", root)[0] == 0
    assert verify(tmp_path / "proof.json", "f" * 64)[0] == 1
    path = document if what == "the document" else log
    changed = path.read_bytes()
    changed = changed[:-9] if what == "the log's end" else changed.replace(b"The third.", b"The fifth.")
    path.write_bytes(changed)
    assert verify(tmp_path / "proof.json", root)[0] == 1
