"""Syntheses in both schemas: a row of columns in the old, JSON on a run in the new; normalised, both are one record."""

from __future__ import annotations

import json

from chatdoc.store.dual.consensus import dates
from chatdoc.store.dual.consensus.artifacts import insert_run
from chatdoc.store.dual.consensus.column_rows import ColumnRows, condition
from chatdoc.store.dual.ports import Entity, Record, Scope
from chatdoc.store.dual.sqlite_file import SqliteFile

_IN_JSON = ("output_markdown", "output_path", "status", "artifacts_count", "agreements", "conflicts")
FIELDS = ("spec_id", "stage", *_IN_JSON, "degraded", "run_id", "created_at")

SYNTHESIS = Entity(
    name="consensus_synthesis",
    fields=FIELDS,
    group=lambda record: (record["spec_id"], record["stage"]),
    content=lambda record: (record.get("output_markdown"), record.get("status")),
    moment_ms=lambda record: dates.to_ms(record["created_at"]),
)


class NewSyntheses:
    """`synthesis_json` of those runs that have one; a run without is no synthesis, and hides none."""

    table = "consensus_runs"

    def select(self, file: SqliteFile, scope: Scope, row_id: int | None) -> list[tuple[int, Record]]:
        """Row ids and records, by row id."""
        where, values = condition(scope, row_id, "id")
        rows = file.ask(
            "SELECT id, spec_id, stage, run_timestamp, degraded, synthesis_json FROM consensus_runs"
            f"{where} {'AND' if where else 'WHERE'} synthesis_json IS NOT NULL ORDER BY id",
            values,
        )
        return [
            (
                row[0],
                _normal(
                    {
                        "spec_id": row[1],
                        "stage": row[2],
                        **_told(row[5]),
                        "degraded": row[4],
                        "created_at": dates.from_number(row[3]),
                    }
                ),
            )
            for row in rows
        ]

    def insert(self, file: SqliteFile, record: Record) -> int:
        """Add a run with this synthesis."""
        return insert_run(
            file,
            record,
            dates.to_ms(record["created_at"]),
            consensus_ok=record.get("status") == "ok",
            degraded=bool(record.get("degraded")),
            synthesis=_json(record),
        )

    def update(self, file: SqliteFile, row_id: int, record: Record) -> None:
        """Make a run hold a synthesis; its time stays, and what differs from it is kept beside it."""
        file.ask(
            "UPDATE consensus_runs SET consensus_ok = ?, degraded = ?, synthesis_json = ? WHERE id = ?",
            (record.get("status") == "ok", bool(record.get("degraded")), _json(record), row_id),
        )

    def remove(self, file: SqliteFile, row_id: int) -> None:
        """Remove a synthesis, and its run where no output hangs on it."""
        file.ask("UPDATE consensus_runs SET synthesis_json = NULL WHERE id = ?", (row_id,))
        file.ask(
            "DELETE FROM consensus_runs WHERE id = ? AND id NOT IN (SELECT run_id FROM agent_outputs)",
            (row_id,),
        )


def _told(text: str) -> Record:
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return {"output_markdown": text, "status": ""}
    return {name: said.get(name) for name in _IN_JSON}


def _json(record: Record) -> str:
    return json.dumps({name: record.get(name) for name in _IN_JSON}, ensure_ascii=False, sort_keys=True)


def _normal(record: Record) -> Record:
    """Lists as the text that the old columns hold, flags as booleans, times in one spelling."""
    for name in ("agreements", "conflicts"):
        value = record.get(name)
        if value is not None and not isinstance(value, str):
            record[name] = json.dumps(value, ensure_ascii=False)
    record["degraded"] = bool(record.get("degraded"))
    record["created_at"] = dates.from_text(record.get("created_at"))
    return record


OLD_SYNTHESES = ColumnRows("consensus_synthesis", {name: name for name in FIELDS}, _normal)
