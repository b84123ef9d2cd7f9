"""A backend that hangs loses no connection: what is sent is taken, no answer comes. It is given up after a while."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chatdoc import open_store
from chatdoc.database import DocumentDatabase
from chatdoc.model.errors import CommitUnknown, StoreError
from chatdoc.store.postgres.connecting import Limits
from chatdoc.store.postgres.pipeline import Pipeline
from chatdoc.store.postgres.pool import Pool
from tests.postgres_cluster import Cluster

SILENT = Limits(lock_ms=400, silent_ms=500)


@pytest.fixture
def stopped() -> Iterator[list[int]]:
    """Backends that were stopped; at the end they go on."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
def store(
    postgres: Cluster, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DocumentDatabase]:
    """A database of this test's own, whose answers are waited for half a second."""
    monkeypatch.setattr(Pool.__init__, "__defaults__", (SILENT,))
    with open_store(postgres.create_database(f"silent_{abs(hash(request.node.name)) % 10**9}")) as store:
        yield store


def stop_at(monkeypatch: pytest.MonkeyPatch, statement: str, stopped: list[int]) -> None:
    """Let the backend stop that is sent a statement next, just before that comes."""
    send: Callable[..., None] = Pipeline.send

    def strike(pipeline: Pipeline, sent: str, *given: Any) -> None:
        if sent.startswith(statement) and not stopped:
            stopped.append(pipeline._pg.backend_pid)
            os.kill(stopped[0], signal.SIGSTOP)
        send(pipeline, sent, *given)

    monkeypatch.setattr(Pipeline, "send", strike)


def test_a_question_is_asked_again_over_another_connection(
    store: DocumentDatabase, stopped: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody hears of it but for the time it took."""
    with store.open("team.chat") as doc:
        thread = doc.create_thread(sender_id="ada", content="Hello", command_id="one").thread_id
        stop_at(monkeypatch, "SELECT", stopped)
        assert [one.id for one in doc.log.threads()] == [thread]
        assert len(stopped) == 1
        doc.send(thread, sender_id="ada", content="Hi")


def test_a_transaction_that_has_not_begun_to_write_begins_again(
    store: DocumentDatabase, stopped: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has sent questions alone, so it goes on over another connection, and is there once."""
    with store.open("team.chat") as doc:
        thread = doc.create_thread(sender_id="ada", content="Hello").thread_id
        stop_at(monkeypatch, "BEGIN", stopped)
        doc.send(thread, sender_id="ada", content="Hi")
        assert len(stopped) == 1
        assert [one.content for one in doc.messages(thread)] == ["Hello", "Hi"]
    assert store.verify("team.chat") == []


def test_a_commit_that_is_not_answered_is_unknown_until_its_backend_goes_on(
    store: DocumentDatabase, stopped: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who repeats it meanwhile is told that somebody else writes; afterwards its receipt says that it was done."""
    with store.open("team.chat") as doc:
        thread = doc.create_thread(sender_id="ada", content="Hello").thread_id
        for number in range(4):  # So often that what goes out with a COMMIT is prepared.
            doc.send(thread, sender_id="ada", content=str(number), command_id=str(number))
        stop_at(monkeypatch, "COMMIT", stopped)
        with pytest.raises(CommitUnknown, match="answer to its COMMIT was lost") as found:
            doc.send(thread, sender_id="ada", content="Hi", command_id="one")
        assert "no answer came for 0.5 seconds" in str(found.value.__cause__)
        assert "same id" in found.value.hint
        with pytest.raises(StoreError, match="lock timeout"):
            doc.send(thread, sender_id="ada", content="Hi", command_id="one")
        os.kill(stopped[0], signal.SIGCONT)
        for _ in range(2):
            doc.send(thread, sender_id="ada", content="Hi", command_id="one")
        assert [one.content for one in doc.messages(thread)] == ["Hello", "0", "1", "2", "3", "Hi"]
    assert store.verify("team.chat") == []


def test_an_answer_that_comes_late_is_waited_for(postgres: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is that of a silence: a statement that the database itself would let run is not given up."""
    monkeypatch.setattr(Pool.__init__, "__defaults__", (SILENT._replace(silent_ms=5_000),))
    with open_store(postgres.create_database("silent_late")) as store, store.open("team.chat") as doc:
        sleep = "SELECT pg_sleep(0.8)"
        assert len(doc.engine.store.tables.ask(lambda run: run(sleep).fetchall(), "sleep")) == 1  # type: ignore[attr-defined]
