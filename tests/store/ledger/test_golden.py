"""Golden projects: each state that a project can be found in, with what is told of it and the ledger it gets."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chatdoc.store.ledger.backfill import backfill
from chatdoc.store.ledger.project import Project
from chatdoc.store.ledger.replay import LedgerReader
from chatdoc.store.ledger.validate import everyone, statuses, validate
from migrate.transcript.summary import summary
from tests.conftest import Golden
from tests.store.ledger.projects import NOW
from tests.tidy.source import PROJECT

CASES = PROJECT / "golden" / "transcripts"


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_golden_project(case: str, tmp_path: Path, golden: Golden) -> None:
    """What status, validate and replay say before a backfill, and the entries and states after it."""
    folder = tmp_path / "plan"
    shutil.copytree(CASES / case / "project", folder)
    project = Project(folder)
    told: dict[str, Any] = {"status": statuses(project), "findings": validate(project), "replay": []}
    for thread_id in everyone(project):
        reading = LedgerReader(project).read(thread_id)
        shown = summary("/home/ada/plan", thread_id, reading.turns)
        told["replay"].append({**shown, "source": reading.source, "diagnostic": reading.diagnostic})
    done = backfill(project, now_iso=NOW)
    told["backfill"] = [{"status": one.status, "reason": one.reason} for one in done.threads]
    told["after"] = [one.code for one in statuses(project)]
    told["ledgers"] = [
        json.loads(project.ledger(one).read_bytes())["entries"] for one in project.ledger_ids()
    ]
    assert backfill(project, now_iso=NOW).exported_thread_count == 0
    text = msgspec.json.format(msgspec.json.encode(told), indent=2)
    golden(CASES / case / "expected.json", text + b"\n")
