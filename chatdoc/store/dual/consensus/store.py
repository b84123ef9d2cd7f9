"""Consensus store over both schemas: what agents said about a stage and what was made of it, in whichever phase."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from chatdoc.model.clock import Clock, iso, monotonic_us
from chatdoc.model.errors import CommandRefused
from chatdoc.model.ids import Mint, RandomSource
from chatdoc.store.dual.answers import Found, Written
from chatdoc.store.dual.change_phase import change_phase
from chatdoc.store.dual.consensus import dates, schema
from chatdoc.store.dual.consensus.artifacts import ARTIFACT, OLD_ARTIFACTS, NewArtifacts
from chatdoc.store.dual.consensus.syntheses import OLD_SYNTHESES, SYNTHESIS, NewSyntheses
from chatdoc.store.dual.control import Control
from chatdoc.store.dual.drop import drop
from chatdoc.store.dual.dual_store import DualStore
from chatdoc.store.dual.phases import Phase
from chatdoc.store.dual.ports import Entity, Record
from chatdoc.store.dual.sqlite_file import SqliteFile
from chatdoc.store.dual.sqlite_side import Schema, SqliteSide
from chatdoc.store.dual.verify import Verified

STAGES = tuple(
    f"spec-{name}"
    for name in (
        "plan",
        "tasks",
        "implement",
        "validate",
        "audit",
        "unlock",
        "clarify",
        "analyze",
        "checklist",
    )
)


class Stats(NamedTuple):
    """How much is there, as it is shown."""

    artifacts: int
    syntheses: int
    specs: int


class ConsensusStore:
    """One database file; `with` closes it. Raises StoreTooNew, StoreError and CommandRefused."""

    def __init__(self, file: SqliteFile, *, clock: Clock, random: RandomSource) -> None:
        self.file = file
        self._clock = clock
        self._mint = Mint(clock, random)
        otherwise = _phase_of(file)
        self.artifacts = self._dual(ARTIFACT, OLD_ARTIFACTS, NewArtifacts(), otherwise)
        self.syntheses = self._dual(SYNTHESIS, OLD_SYNTHESES, NewSyntheses(), otherwise)

    @classmethod
    def open(cls, path: Path, *, clock: Clock, random: RandomSource, create: bool = False) -> ConsensusStore:
        """Open a file to write: the new tables are added, and rows of other programs get identities."""
        file = SqliteFile(path, create=create)
        try:
            fresh = (
                create and schema.version(file) == 0 and not file.ask("SELECT 1 FROM sqlite_master LIMIT 1")
            )
            if fresh:
                schema.make_old(file)
            schema.require_consensus(file)
            store = cls(file, clock=clock, random=random)
            begin: Phase = "dual_write" if fresh else store.phase
            schema.migrate(file)
            with file.writing():
                for dual in store.duals:
                    dual.control.prepare()
                    dual.control.begin(begin, dual.now_iso())
                    for side in dual.sides.values():
                        side.prepare()
            for dual in store.duals:
                dual.adopt()
        except BaseException:
            file.close()
            raise
        return store

    @classmethod
    def look(cls, path: Path, *, clock: Clock) -> ConsensusStore:
        """Open a file to read alone; nothing is written, neither to it nor beside it."""
        file = SqliteFile(path, readonly=True)
        try:
            schema.require_consensus(file)
            return cls(file, clock=clock, random=bytes)
        except BaseException:
            file.close()
            raise

    @property
    def duals(self) -> tuple[DualStore, DualStore]:
        """The two entities."""
        return self.artifacts, self.syntheses

    @property
    def phase(self) -> Phase:
        """The phase that holds now, for both."""
        return self.artifacts.phase

    def change_phase(self, phase: Phase) -> int:
        """Go to a phase with both entities, or with none; returns how many rows were brought back to old."""
        with self.file.writing():
            return sum(change_phase(dual, phase) for dual in self.duals)

    def drop(self) -> list[Verified]:
        """Drop the old tables once it is proved that nothing is lost; migration 2."""
        return drop(self.duals, finish=self._finish_drop)

    # artifacts

    def store_artifact(
        self,
        spec_id: str,
        stage: str,
        agent_name: str,
        content_json: str,
        *,
        response_text: str | None = None,
        run_id: str | None = None,
        model_version: str | None = None,
        write_id: str | None = None,
    ) -> int:
        """Store what an agent said; returns its old row's id while that is written, else its new one's.

        A repetition with the same `write_id` is the same row.
        """
        record = {
            "spec_id": spec_id,
            "stage": _stage(stage),
            "agent_name": agent_name,
            "content": content_json,
            "response_text": response_text,
            "run_id": run_id,
            "created_at": dates.shown(self._clock()),
            "model_version": model_version,
        }
        return _row_id(self._put(self.artifacts, record, write_id))

    def query_artifacts(self, spec_id: str, stage: str) -> list[Record]:
        """What agents said about a stage, in order; each has its `identity`."""
        return [_shown(one) for one in self.artifacts.find({"spec_id": spec_id, "stage": _stage(stage)})]

    def delete_artifacts(self, spec_id: str, stage: str) -> int:
        """Delete what agents said about a stage, on both sides; returns how many."""
        with self.file.writing():
            found = self.artifacts.find({"spec_id": spec_id, "stage": _stage(stage)})
            for one in found:
                self.artifacts.delete(one.identity)
        return len(found)

    # syntheses

    def store_synthesis(
        self,
        spec_id: str,
        stage: str,
        output_markdown: str,
        *,
        status: str,
        output_path: str | None = None,
        artifacts_count: int | None = None,
        agreements: str | None = None,
        conflicts: str | None = None,
        degraded: bool = False,
        run_id: str | None = None,
        write_id: str | None = None,
    ) -> int:
        """Store what was made of the artifacts; returns the row's id as `store_artifact` does."""
        record = {
            "spec_id": spec_id,
            "stage": _stage(stage),
            "output_markdown": output_markdown,
            "output_path": output_path,
            "status": status,
            "artifacts_count": artifacts_count,
            "agreements": agreements,
            "conflicts": conflicts,
            "degraded": degraded,
            "run_id": run_id,
            "created_at": dates.shown(self._clock()),
        }
        return _row_id(self._put(self.syntheses, record, write_id))

    def query_latest_synthesis(self, spec_id: str, stage: str) -> Record | None:
        """The newest synthesis of a stage with all its fields, wherever it stands; None where there is none."""
        found = self.syntheses.find({"spec_id": spec_id, "stage": _stage(stage)})
        return _shown(found[-1]) if found else None

    def stats(self) -> Stats:
        """How much is shown of each."""
        artifacts, syntheses = self.artifacts.find({}), self.syntheses.find({})
        specs = {one.record["spec_id"] for one in [*artifacts, *syntheses]}
        return Stats(artifacts=len(artifacts), syntheses=len(syntheses), specs=len(specs))

    def close(self) -> None:
        """Store the counters and let go of the file."""
        try:
            if not self.file.readonly:
                for dual in self.duals:
                    dual.control.flush()
        finally:
            self.file.close()

    # inside

    def _dual(self, entity: Entity, old: Schema, new: Schema, otherwise: Phase) -> DualStore:
        return DualStore(
            entity,
            SqliteSide(self.file, entity.name, "old", old),
            SqliteSide(self.file, entity.name, "new", new),
            Control(self.file, entity.name, otherwise=otherwise),
            now_iso=self._now_iso,
            timer_us=monotonic_us,
            one_file=True,
        )

    def _put(self, dual: DualStore, record: Record, write_id: str | None) -> Written:
        identity = f"w-{write_id}" if write_id is not None else f"w-{self._mint.mint()}"
        if write_id is not None and (there := dual.get(identity)) is not None:
            record = {**record, "created_at": there["created_at"]}
        return dual.put(identity, record)

    def _now_iso(self) -> str:
        return iso(self._clock())

    def _finish_drop(self) -> None:
        self.file.ask(f"PRAGMA user_version = {schema.VERSION}")

    def __enter__(self) -> ConsensusStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _phase_of(file: SqliteFile) -> Phase:
    """The phase of a file in which none is stored: by the tables that are there."""
    if not file.has_table("consensus_runs"):
        return "old_only"
    return "dual_write" if file.has_table("consensus_artifacts") else "dropped"


def _stage(stage: str) -> str:
    if stage not in STAGES:
        raise CommandRefused(f"stage: expected one of {', '.join(STAGES)}, got {len(stage)} other characters")
    return stage


def _row_id(written: Written) -> int:
    found = written.old_id if written.old_id is not None else written.new_id
    assert found is not None, "the first side was written"
    return found


def _shown(found: Found) -> Record:
    return {**found.record, "identity": found.identity}
