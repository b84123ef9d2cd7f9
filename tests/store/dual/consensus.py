"""Consensus databases for tests: opened with a clock that goes on by itself, and as upstream's programs leave them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from random import Random
from typing import Any

from chatdoc.store.dual.consensus import schema
from chatdoc.store.dual.consensus.store import ConsensusStore
from chatdoc.store.dual.phases import Phase

SPEC = "SPEC-KIT-900"
PLAN, TASKS, AUDIT = "spec-plan", "spec-tasks", "spec-audit"
BEGIN_MS = 1_762_744_939_000


class Ticking:
    """A clock that is a second later each time."""

    def __init__(self) -> None:
        self.ms = BEGIN_MS

    def __call__(self) -> int:
        self.ms += 1000
        return self.ms


def opened(path: Path, phase: Phase | None = None, seed: int = 1) -> ConsensusStore:
    """A database, made where there is none, in a phase."""
    store = ConsensusStore.open(path, clock=Ticking(), random=Random(seed).randbytes, create=True)
    if phase is not None:
        store.change_phase(phase)
    return store


def ask(path: Path, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """What another program's connection gets; its changes are committed."""
    connection = sqlite3.connect(path)
    try:
        found = connection.execute(statement, values).fetchall()
        connection.commit()
        return found
    finally:
        connection.close()


def count(path: Path, table: str) -> int:
    """How many rows a table has."""
    return int(ask(path, f"SELECT count(*) FROM {table}")[0][0])


def upstream(path: Path, new: bool = True) -> None:
    """An empty database as upstream makes it."""
    connection = sqlite3.connect(path)
    for statement in (*schema.OLD, *(schema.NEW if new else ())):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {int(new)}")
    connection.commit()
    connection.close()


def upstream_writes(
    path: Path, agent: str, content: str, second: int, *, old: bool = True, new: bool = True
) -> None:
    """An artifact as upstream's dual write leaves it: seconds in old, milliseconds in new, no common id."""
    at = f"2025-11-10 03:{second // 60:02d}:{second % 60:02d}"
    ms = 1_762_743_600_000 + second * 1000 + 137
    if old:
        ask(
            path,
            "INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json, response_text, run_id,"
            " created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            SPEC, PLAN, agent, content, f"raw {content}", "run-1", at,
        )  # fmt: skip
    if new:
        connection = sqlite3.connect(path)
        run = connection.execute(
            "INSERT INTO consensus_runs (spec_id, stage, run_timestamp, consensus_ok) VALUES (?, ?, ?, 1)",
            (SPEC, PLAN, ms + len(agent)),
        ).lastrowid
        connection.execute(
            "INSERT INTO agent_outputs (run_id, agent_name, content, output_timestamp) VALUES (?, ?, ?, ?)",
            (run, agent, content, ms + 2),
        )
        connection.commit()
        connection.close()


def contents(store: ConsensusStore, stage: str = PLAN) -> list[str]:
    """What agents said about a stage, as it is shown."""
    return [one["content"] for one in store.query_artifacts(SPEC, stage)]
