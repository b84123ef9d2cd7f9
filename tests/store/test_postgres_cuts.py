"""A connection that is cut at any statement, or one that takes too long, is told as what it is, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from chatdoc import open_store
from chatdoc.database import DocumentDatabase
from chatdoc.model.commands.send_message import SendMessage
from chatdoc.model.errors import ChatdocError, CommitUnknown, StoreError
from chatdoc.store.postgres.pipeline import Pipeline
from tests.postgres_cluster import Cluster

SEND = Pipeline.send
PLACES = 34
"""No call here has more statements, also where it must look what others have written."""
CALM_PLACES = 8
"""No command has more where it need not."""
BEHIND = 17
"""So many commands later nobody looks for what others have written."""
Strike = Callable[[Pipeline], None]


class Struck:
    """What becomes of calls, each with one of its statements struck."""

    def __init__(
        self, store: DocumentDatabase, monkeypatch: pytest.MonkeyPatch, strike: Strike, *, behind: bool
    ) -> None:
        self.store, self._strike, self._is_behind = store, strike, behind
        self.doc = store.open("team.chat")
        self.thread_id = self.doc.create_thread(sender_id="ada", content="Hello").thread_id
        for number in range(5):
            self.doc.send(self.thread_id, sender_id="ada", content=f"w{number}", command_id=f"w{number}")
        self._count = self._at = 0
        together = Pipeline.send_together

        def send(pipeline: Pipeline, *given: Any) -> None:
            self._sent(pipeline, lambda: SEND(pipeline, *given))

        def send_together(pipeline: Pipeline, *given: Any) -> bool:
            found: list[bool] = []
            self._sent(pipeline, lambda: found.append(together(pipeline, *given)))
            return found[0]

        monkeypatch.setattr(Pipeline, "send", send)
        monkeypatch.setattr(Pipeline, "send_together", send_together)

    def _sent(self, pipeline: Pipeline, send: Callable[[], None]) -> None:
        self._count += 1
        is_struck = self._count == self._at
        if is_struck and not self._is_behind:
            self._strike(pipeline)
        send()
        if is_struck and self._is_behind:
            self._strike(pipeline)

    def each(self, call: Callable[[int], object], *, is_calm: bool = False) -> list[ChatdocError | None]:
        """Do a call again and again, each time with another statement of it struck; what was raised, by statement.

        Where it is calm, the call does not look what others have written.
        """
        found: list[ChatdocError | None] = []
        for place in range(1, (CALM_PLACES if is_calm else PLACES) + 1):
            for number in range(BEHIND if is_calm else 0):
                self.doc.send(
                    self.thread_id, sender_id="ada", content=f"calm {call.__name__} {place} {number}"
                )
            self._count, self._at = 0, place
            error = None
            try:
                call(place)
            except ChatdocError as raised:
                error = raised
            self._at = 0
            call(place)  # Whatever became of it, it can be repeated.
            found.append(error)
        return found

    def send(self, place: int) -> None:
        """A command with an id."""
        self.doc.send(self.thread_id, sender_id="ada", content=f"one {place}", command_id=f"one {place}")

    def send_group(self, place: int) -> None:
        """Three of them."""
        ids = [f"of three {place} {number}" for number in range(3)]
        group = [
            (SendMessage(thread_id=self.doc.threads()[0].thread_id, sender_id="ada", content=one), one)
            for one in ids
        ]
        answers = self.doc.group.execute_each(group)
        assert [one.content for one in answers] == ids

    def read(self, _: int) -> None:
        """All that can be looked at."""
        assert self.doc.messages(self.thread_id)
        assert self.doc.check(full=True).ok
        assert self.doc.snapshot() is not None

    def open(self, _: int) -> None:
        """The document once more."""
        with self.store.open("team.chat") as again:
            assert again.threads()

    def end(self) -> None:
        """Nothing is there twice, nothing is missing, and memory says what the store does."""
        said = [one.content for one in self.doc.messages(self.thread_id)]
        assert len(set(said)) == len(said)
        with self.store.open("team.chat") as again:
            assert [one.content for one in again.messages(self.thread_id)] == said
            assert again.engine.store.verify() == []
        self.doc.close()


@pytest.fixture
def store(postgres: Cluster, request: pytest.FixtureRequest) -> Iterator[DocumentDatabase]:
    """A database of this test's own."""
    name = f"cuts_{abs(hash(request.node.name)) % 10**9}"
    with open_store(postgres.create_database(name)) as opened:
        yield opened


@pytest.fixture
def cut(postgres: Cluster) -> Iterator[Strike]:
    """Ends a session of the database, once it has done what was sent to it."""
    url = postgres.url("postgres").replace("chatdoc@", "postgres@")
    with psycopg.connect(url, autocommit=True) as admin:

        def strike(pipeline: Pipeline) -> None:
            pipeline._pg.send_flush_request()
            pipeline.flush()
            time.sleep(0.01)
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pipeline._pg.backend_pid,))

        yield strike


@pytest.mark.parametrize("behind", [False, True])
def test_a_connection_that_is_cut_at_any_statement(
    store: DocumentDatabase, cut: Strike, monkeypatch: pytest.MonkeyPatch, behind: bool
) -> None:
    """Who reads or opens never hears of it; a command is refused or unknown, and done once when it is repeated."""
    struck = Struck(store, monkeypatch, cut, behind=behind)
    assert set(struck.each(struck.read)) == {None}
    assert set(struck.each(struck.open)) == {None}
    for call in (struck.send, struck.send_group):
        raised = [one for one in struck.each(call, is_calm=True) if one is not None]
        assert raised
        assert all(isinstance(one, CommitUnknown) for one in raised)
    struck.end()


def test_a_statement_that_takes_too_long(store: DocumentDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is undone, so nothing is unknown; and nobody takes it for a connection that was lost, and asks it again."""

    def strike(pipeline: Pipeline) -> None:
        SEND(pipeline, "SELECT set_config('statement_timeout', '1', true)", (), None)
        SEND(pipeline, "SELECT pg_sleep(60)", (), None)

    struck = Struck(store, monkeypatch, strike, behind=False)
    for call in (struck.send, struck.send_group, struck.read, struck.open):
        raised = [one for one in struck.each(call) if one is not None]
        assert raised
        assert all(type(one) is StoreError and "time limit" in str(one) for one in raised)
    struck.end()
