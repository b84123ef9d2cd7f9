"""Runs of a consensus database become threads of a document, whichever schema they stand in; twice is once."""

from __future__ import annotations

import msgspec

from chatdoc.apps.importer.enter import enter
from chatdoc.document import Document
from chatdoc.store.dual.consensus.store import ConsensusStore
from migrate.consensus.facts import facts_of, runs_of


class ImportedRun(msgspec.Struct, frozen=True, kw_only=True):
    """What one run gave."""

    thread_id: str
    spec_id: str
    run_id: str
    rows: int
    added: int


def import_runs(document: Document, store: ConsensusStore) -> list[ImportedRun]:
    """Bring every run, as its database shows it in its phase, into a document."""
    artifacts = [{**one.record, "identity": f"artifact {one.identity}"} for one in store.artifacts.find({})]
    syntheses = [{**one.record, "identity": f"synthesis {one.identity}"} for one in store.syntheses.find({})]
    found = []
    for run in runs_of(artifacts, syntheses):
        view = document.view
        known = set(view.headers)
        facts = facts_of(run, begun=view.has_thread(run.thread_id), is_known=known.__contains__)
        enter(document, facts, [])
        one = ImportedRun(
            thread_id=run.thread_id,
            spec_id=run.spec_id,
            run_id=run.run_id,
            rows=len(run.rows),
            added=len(document.view.headers) - len(known),
        )
        found.append(one)
    return found
