"""Transcripts and consensus runs come into a document once, and its event log tells what they tell."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chatdoc.apps.importer.consensus import import_runs
from chatdoc.apps.importer.transcripts import import_transcripts
from chatdoc.model.ids import ThreadId
from chatdoc.store.dual.backfill import backfill
from chatdoc.store.dual.consensus.store import ConsensusStore
from chatdoc.store.ledger.parity import with_log
from chatdoc.store.ledger.project import Project
from migrate.transcript.turn import TranscriptTurn
from tests.agents.transcripts.beside import transcripts_of, turns_told
from tests.event_view.workplace import opened
from tests.migrate.transcript.turns import THREAD, TURNS, action, turn, turn_id
from tests.store.dual.consensus import PLAN, SPEC, TASKS
from tests.store.dual.consensus import opened as database
from tests.store.ledger.projects import OTHER, project_of


def test_a_transcript_becomes_a_thread_whose_log_tells_the_same(tmp_path: Path) -> None:
    """Ids of thread and turns are kept; questions, answers, ends and actions are there; a second run adds nothing."""
    project = project_of(
        tmp_path, [turn(1, actions=(action(),)), turn(2, status="failed", assistant_text="")]
    )
    project_of(tmp_path, [turn(number) for number in (11, 12, 13)], OTHER)
    with opened(tmp_path) as document:
        first = import_transcripts(document, project)
        assert [(one.added_turn_count, one.known_turn_count) for one in first] == [(2, 0), (3, 0)]
        assert all(one.equal for one in with_log(project, turns_told(document)))
        text = document.text()
        second = import_transcripts(document, project)
        assert [(one.added_turn_count, one.known_turn_count) for one in second] == [(0, 2), (0, 3)]
        assert document.text() == text
        assert document.check().ok
        answer = document.message(turn_id(1).lower())
        assert (answer.content, answer.thread_id) == ("answer 1", THREAD.lower())


def test_actions_happened_when_their_transcript_says(tmp_path: Path) -> None:
    """Those of one second stay in their order, those of another day are told as of that day; parity compares dates."""
    told = [action(title=f"step {number}") for number in range(12)]
    earlier = action(title="earlier", created_at="2026-01-31T09:00:00Z")
    project = project_of(tmp_path, [turn(1, actions=(*told, earlier))])
    with opened(tmp_path) as document:
        import_transcripts(document, project)
        [found] = document.log.replay_thread(THREAD.lower()).turns
        assert [one.title for one in found.actions] == ["earlier", *(one.title for one in told)]
        assert {one.created_at[:19] for one in found.actions} == {
            earlier.created_at[:19],
            told[0].created_at[:19],
        }
        assert all(one.equal for one in with_log(project, turns_told(document)))
        moved = replace(earlier, created_at="2026-01-30T09:00:00Z")
        project_of(tmp_path, [turn(1, actions=(*told, moved))])
        [parity] = with_log(project, turns_told(document))
        assert [one.field for one in parity.differences] == ["actions"]


@settings(deadline=None, max_examples=20, phases=(Phase.explicit, Phase.generate))
@given(TURNS, st.integers(0, 5))
def test_a_transcript_that_grows_is_followed(
    tmp_path_factory: pytest.TempPathFactory, turns: list[TranscriptTurn], cut: int
) -> None:
    """Imported when it was shorter and again when it is whole, it gives what the whole one gives."""
    turns = sorted((replace(one, actions=()) for one in turns), key=lambda one: one.timestamp)
    folder = tmp_path_factory.mktemp("grows")
    with opened(folder) as document:
        for told in (turns[:cut], turns):
            import_transcripts(document, project_of(folder, told))
        ended = [one for one in turns if one.status != "pending"]
        found = turns_told(document).get(THREAD, [])
        assert [one.turn_id for one in found] == [one.turn_id for one in ended]
        assert all(one.equal for one in with_log(project_of(folder, ended), turns_told(document)))
        assert document.check().ok


def test_a_turn_id_that_stands_in_two_transcripts_is_two_turns(tmp_path: Path) -> None:
    """As after somebody copied a file; a nameless action is one too."""
    project = project_of(tmp_path, [turn(1, actions=(action(method="", title=""),))])
    project_of(tmp_path, 1, OTHER)
    with opened(tmp_path) as document:
        for added in (1, 0):
            assert [one.added_turn_count for one in import_transcripts(document, project)] == [added, added]
        assert [len(turns) for turns in turns_told(document).values()] == [1, 1]
        assert turns_told(document)[THREAD][0].actions[0].method == "action"


def test_a_thread_that_no_record_has_room_for_stops_no_other(tmp_path: Path) -> None:
    """It is named with why, and those after it come."""
    project = project_of(tmp_path, [turn(1, assistant_text="x" * 17_000_000)])
    project_of(tmp_path, [turn(11)], OTHER)
    with opened(tmp_path) as document:
        refused, other = import_transcripts(document, project)
        assert (refused.added_turn_count, "no peer would take" in refused.problem) == (0, True)
        assert (other.added_turn_count, other.problem) == (1, "")
        assert not document.view.has_thread(ThreadId(refused.thread_id))


def test_a_turn_that_runs_comes_with_its_end(tmp_path: Path) -> None:
    """Until then its question is there, and it waits."""
    running = turn(1, status="pending", assistant_text="")
    with opened(tmp_path) as document:
        [first] = import_transcripts(document, project_of(tmp_path, [running]))
        assert (first.added_turn_count, first.waiting_turn_count) == (0, 1)
        [second] = import_transcripts(document, project_of(tmp_path, [replace(running, status="completed")]))
        assert (second.added_turn_count, second.waiting_turn_count) == (1, 0)
        assert [one.content for one in document.messages(THREAD.lower())][1:] == ["question 1", ""]


def test_a_documents_own_transcripts_are_known_to_it(tmp_path: Path) -> None:
    """Written beside its log, they bring nothing new; into another document they come as threads."""
    with opened(tmp_path) as document:
        thread_id = document.create_thread(sender_id="ada", content="Plan").thread_id
        with transcripts_of(document, tmp_path):
            answer = document.start_turn(thread_id, sender_id="codex")
            answer.append("done")
            answer.finalize()
        before = document.text()
        [found] = import_transcripts(document, Project(tmp_path))
        assert (found.thread_id, found.added_turn_count, found.known_turn_count) == (thread_id, 0, 1)
        assert document.text() == before
    (tmp_path / "elsewhere").mkdir()
    with opened(tmp_path / "elsewhere", seed=9) as other:
        [found] = import_transcripts(other, Project(tmp_path))
        assert found.added_turn_count == 1
        assert all(one.equal for one in with_log(Project(tmp_path), turns_told(other)))


def filled(path: Path) -> ConsensusStore:
    """A database with two runs."""
    store = database(path, "old_only")
    for run in ("run-1", "run-2"):
        for stage in (PLAN, TASKS):
            for agent in ("claude", "gemini"):
                store.store_artifact(SPEC, stage, agent, f"{run} {stage}", run_id=run, response_text="raw")
            store.store_synthesis(
                SPEC, stage, f"# {stage}", status="ok" if stage == PLAN else "conflict", run_id=run
            )
    return store


def test_a_consensus_run_becomes_a_thread(tmp_path: Path) -> None:
    """Each agent answers in it, the synthesis stands behind the artifacts, and one that is not ok is an error."""
    with filled(tmp_path / "consensus.db") as store, opened(tmp_path) as document:
        found = import_runs(document, store)
        assert [(one.run_id, one.rows, one.added) for one in found] == [("run-1", 6, 7), ("run-2", 6, 7)]
        messages = document.messages(found[0].thread_id)
        assert [one.sender_id for one in messages] == ["system", *["claude", "gemini", "consensus"] * 2]
        assert document.config(found[0].thread_id).name == "SPEC-KIT-900 run-1"
        replay = document.log.replay_thread(found[0].thread_id)
        assert [one.status for one in replay.turns] == ["completed"] * 5 + ["failed"]
        assert document.check().ok
        text = document.text()
        assert [one.added for one in import_runs(document, store)] == [0, 0]
        for dual in store.duals:
            backfill(dual)
        store.change_phase("new_only")
        store.drop()
        assert [one.added for one in import_runs(document, store)] == [0, 0]
        assert document.text() == text
