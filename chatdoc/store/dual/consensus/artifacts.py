"""Artifacts in both schemas: one row in the old, a run with one output in the new; normalised, both are one record."""

from __future__ import annotations

from chatdoc.store.dual.consensus import dates
from chatdoc.store.dual.consensus.column_rows import ColumnRows, condition
from chatdoc.store.dual.ports import Entity, Record, Scope
from chatdoc.store.dual.sqlite_file import SqliteFile

FIELDS = (
    "spec_id",
    "stage",
    "agent_name",
    "content",
    "response_text",
    "run_id",
    "created_at",
    "model_version",
)

ARTIFACT = Entity(
    name="consensus_artifact",
    fields=FIELDS,
    group=lambda record: (record["spec_id"], record["stage"], record["agent_name"]),
    content=lambda record: record["content"],
    moment_ms=lambda record: dates.to_ms(record["created_at"]),
)


def _with_date(record: Record) -> Record:
    return {**record, "created_at": dates.from_text(record["created_at"])}


OLD_ARTIFACTS = ColumnRows(
    "consensus_artifacts",
    {name if name != "content" else "content_json": name for name in FIELDS if name != "model_version"},
    _with_date,
)
"""It has no column for the model."""


class NewArtifacts:
    """`agent_outputs` under `consensus_runs`, a run an artifact; there is no run id and no response text."""

    table = "agent_outputs"

    def select(self, file: SqliteFile, scope: Scope, row_id: int | None) -> list[tuple[int, Record]]:
        """Row ids and records, by row id."""
        where, values = condition(scope, row_id, "o.id")
        rows = file.ask(
            "SELECT o.id, r.spec_id, r.stage, o.agent_name, o.content, o.model_version, o.output_timestamp"
            f" FROM agent_outputs o JOIN consensus_runs r ON r.id = o.run_id{where} ORDER BY o.id",
            values,
        )
        return [
            (
                row[0],
                {
                    "spec_id": row[1],
                    "stage": row[2],
                    "agent_name": row[3],
                    "content": row[4],
                    "model_version": row[5],
                    "created_at": dates.from_number(row[6]),
                },
            )
            for row in rows
        ]

    def insert(self, file: SqliteFile, record: Record) -> int:
        """Add a run with this output."""
        stamp = dates.to_ms(record["created_at"])
        run = insert_run(file, record, stamp, consensus_ok=True, degraded=False, synthesis=None)
        return file.insert(
            "INSERT INTO agent_outputs (run_id, agent_name, model_version, content, output_timestamp)"
            " VALUES (?, ?, ?, ?, ?)",
            (run, record["agent_name"], record.get("model_version"), record["content"], stamp),
        )

    def update(self, file: SqliteFile, row_id: int, record: Record) -> None:
        """Make an output hold a record; its time stays, and what differs from it is kept beside it."""
        file.ask(
            "UPDATE agent_outputs SET agent_name = ?, model_version = ?, content = ? WHERE id = ?",
            (record["agent_name"], record.get("model_version"), record["content"], row_id),
        )

    def remove(self, file: SqliteFile, row_id: int) -> None:
        """Remove an output, and its run where nothing else hangs on it."""
        run = file.ask("SELECT run_id FROM agent_outputs WHERE id = ?", (row_id,))
        file.ask("DELETE FROM agent_outputs WHERE id = ?", (row_id,))
        file.ask(
            "DELETE FROM consensus_runs WHERE id = ? AND synthesis_json IS NULL"
            " AND id NOT IN (SELECT run_id FROM agent_outputs)",
            run[0] if run else (None,),
        )


def insert_run(
    file: SqliteFile, record: Record, stamp: int, *, consensus_ok: bool, degraded: bool, synthesis: str | None
) -> int:
    """Add a run at a moment, or at the next one that no run of its spec and stage has."""
    taken = file.ask(
        "SELECT run_timestamp FROM consensus_runs WHERE spec_id = ? AND stage = ? AND run_timestamp >= ?"
        " ORDER BY run_timestamp",
        (record["spec_id"], record["stage"], stamp),
    )
    for (one,) in taken:
        if one > stamp:
            break
        stamp = one + 1
    return file.insert(
        "INSERT INTO consensus_runs (spec_id, stage, run_timestamp, consensus_ok, degraded, synthesis_json)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (record["spec_id"], record["stage"], stamp, consensus_ok, degraded, synthesis),
    )
