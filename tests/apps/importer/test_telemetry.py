"""Metrics and logs say what was met, by source, stage and result, and nothing of what people wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatdoc.apps.importer.documents import Target
from chatdoc.apps.importer.run import Importer
from chatdoc.apps.importer.telemetry import Telemetry
from chatdoc.apps.integrity_counters import metric_of
from chatdoc.settings import Settings
from invariants.registry import RULES
from tests.apps.importer.conftest import NOW_MS

WRITTEN = ("Which thread is blue?", "The third.", "holo_beam", "Look and tie.", "Hello.", "no payload")


def test_what_was_met_is_counted_and_logged_without_content(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files, damaged lines, sessions, latency and unknown kinds are there; each log line names source and parser."""
    telemetry = Telemetry(logs=True, clock=lambda: NOW_MS)
    (logs / "loose.jsonl").symlink_to(tmp_path / "nowhere")
    with Importer(Target(tmp_path / "out"), Settings(), clock=lambda: NOW_MS, observer=telemetry) as importer:
        telemetry.watch_integrity(importer.counters)
        importer.run([logs])
        importer.run([tmp_path / "logs" / "codex-minimal"], stage="live")
        text = telemetry.text().decode()
    said = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    kind = 'kind="codex/response_item/holo_call",source="codex"'
    assert said[f"chatdoc_import_unknown_kinds_total{{{kind}}}"] == "1.0"
    assert (
        said['chatdoc_import_sessions_indexed_total{result="parse_error",source="codex",stage="pass2"}']
        == "2.0"
    )
    assert (
        float(said['chatdoc_import_parse_failures_total{result="parse_error",source="codex",stage="pass2"}'])
        >= 4
    )
    assert said['chatdoc_import_files_scanned_total{result="ok",source="acp",stage="pass1"}'] == "2.0"
    assert [one.code for one in RULES if metric_of(one).replace(".", "_") not in said] == []
    assert any(name.startswith("chatdoc_import_pass2_latency_seconds_bucket") for name in said)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert len(lines) == len([one for one in logs.iterdir() if one.is_dir()])
    assert {line["parser"] for line in lines} == {"migrate.codex", "migrate.claude", "migrate.acp"}
    assert all(line["session_id"] and line["path"] and line["source"] for line in lines)
    for written in WRITTEN:
        assert written not in text
        assert written not in json.dumps(lines)
