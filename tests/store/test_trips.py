"""A command costs two trips and six statements, and a third trip where somebody else writes for the first time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from chatdoc import open_store
from chatdoc.document import Document
from chatdoc.model.commands.send_message import SendMessage
from chatdoc.store.postgres.pipeline import Pipeline
from chatdoc.store.postgres.session import Session
from chatdoc.store.sql.receipts import SqlReceipts
from tests.postgres_cluster import Cluster


class Trips:
    """Counts how often somebody waits for an answer."""

    def __init__(self) -> None:
        self.count = 0

    def of(self, doc: Document, thread_id: str, command_id: str | None) -> int:
        """The trips of one message."""
        self.count = 0
        doc.send(thread_id, sender_id="ada", content="Hi", command_id=command_id)
        return self.count


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> Trips:
    """A counter of all waits, of whichever session."""
    counter, wait = Trips(), Session.wait

    def counted(session: Session) -> None:
        counter.count += 1
        wait(session)

    monkeypatch.setattr(Session, "wait", counted)
    return counter


@pytest.fixture
def opened(postgres: Cluster, request: pytest.FixtureRequest) -> Iterator[tuple[Document, Document, str]]:
    """A document that two servers have open, and a thread in it that both have written to."""
    name = f"{request.node.name}.chat"
    with open_store(postgres.url("chats")) as store, store.open(name) as one:
        thread_id = one.create_thread(sender_id="ada", content="Hello").thread_id
        with store.open(name) as other:
            for number in range(3):
                for doc in (other, one):
                    doc.send(thread_id, sender_id="ada", content="Hi", command_id=f"warm {number} {id(doc)}")
            yield one, other, thread_id


def test_a_command_is_two_trips(opened: tuple[Document, Document, str], trips: Trips) -> None:
    """Lock, receipt and all that is looked at come with the first; everything that is written goes with the second."""
    one, _, thread_id = opened
    assert [trips.of(one, thread_id, f"alone {number}") for number in range(20)] == [2] * 20
    assert trips.of(one, thread_id, None) == 2


def test_a_command_is_six_statements(
    opened: tuple[Document, Document, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """BEGIN, the lock, what it asks for, its epoch, all that it writes, COMMIT; and behind it a hint, not each time."""
    one, _, thread_id = opened
    sent: list[str] = []
    send, send_together = Pipeline.send, Pipeline.send_together

    def noted(pipeline: Pipeline, statement: str, *rest: Any) -> None:
        sent.append(statement.split("(")[0])
        send(pipeline, statement, *rest)

    def noted_together(pipeline: Pipeline, *given: Any) -> bool:
        is_one = send_together(pipeline, *given)
        if is_one:
            sent.append("WITH")
        return is_one

    for number in range(20):
        one.send(thread_id, sender_id="ada", content="Hi", command_id=f"before {number}")
    monkeypatch.setattr(Pipeline, "send", noted)
    monkeypatch.setattr(Pipeline, "send_together", noted_together)
    one.send(thread_id, sender_id="ada", content="Hi", command_id="counted")
    assert [said.split()[0] for said in sent[:6]] == ["BEGIN", "SELECT", "SELECT", "SELECT", "WITH", "COMMIT"]
    assert sent[6:] in ([], ["SELECT pg_notify"])


def test_news_of_another_server_are_one_trip(opened: tuple[Document, Document, str], trips: Trips) -> None:
    """Whoever was told that there is more asks for the version and for what is new at once."""
    one, other, thread_id = opened
    came = threading.Event()
    other.engine.store.feed.call(came.set)  # type: ignore[attr-defined]
    for number in range(10):
        came.clear()
        one.send(thread_id, sender_id="ada", content=f"News {number}")
        assert came.wait(5)
        trips.count = 0
        assert other.messages(thread_id)[-1].content == f"News {number}"
        assert trips.count == 1


def test_a_command_behind_another_server_is_two_trips(
    opened: tuple[Document, Document, str], trips: Trips
) -> None:
    """Who has found that others write asks for what they wrote together with the lock."""
    one, other, thread_id = opened
    found = [trips.of(doc, thread_id, f"{number} {id(doc)}") for number in range(10) for doc in (other, one)]
    assert found == [2] * 20


def test_the_first_command_behind_another_server_is_three_trips(
    opened: tuple[Document, Document, str], trips: Trips
) -> None:
    """After many commands alone nobody asks for the work of others with the lock: it costs one trip more, once."""
    one, other, thread_id = opened
    for number in range(40):
        one.send(thread_id, sender_id="ada", content="Hi", command_id=f"many {number}")
    other.send(thread_id, sender_id="ada", content="Hi", command_id="from elsewhere")
    assert [trips.of(one, thread_id, f"after {number}") for number in range(2)] == [3, 2]


def test_a_group_of_commands_is_two_trips(opened: tuple[Document, Document, str], trips: Trips) -> None:
    """Group commit: the receipts of all are looked up with the lock, and what they write goes out together."""
    one, other, thread_id = opened
    other.send(thread_id, sender_id="ada", content="Hi", command_id="from elsewhere")
    command = SendMessage(thread_id=thread_id, sender_id="ada", content="Hi")
    trips.count = 0
    answers: list[Any] = one.group.execute_each([(command, f"group {number}") for number in range(20)])
    assert trips.count == 2
    assert len({answer.message_id for answer in answers}) == 20
    again = one.group.execute_each(
        [(command, "group 3"), (command, "group 3"), (command, "new"), (command, "new")]
    )
    assert [answer.message_id for answer in again[:2]] == [answers[3].message_id] * 2
    assert again[2].message_id == again[3].message_id


def test_receipts_of_a_group_are_found_by_their_key(opened: tuple[Document, Document, str]) -> None:
    """However many there are, and before the database has counted them: their price does not grow with the log."""
    one, _, thread_id = opened
    command = SendMessage(thread_id=thread_id, sender_id="ada", content="Hi")
    one.group.execute_each([(command, f"counted {number}") for number in range(300)])
    receipts = one.engine.store.receipts
    assert isinstance(receipts, SqlReceipts)
    receipts.expect([f"counted {number}" for number in range(20)])
    questions = receipts.ahead()
    receipts.expect([])
    assert [question.count("?") for question, _ in questions] == [16, 4]
    database = one.engine.store.database  # type: ignore[attr-defined]
    for question, values in questions:
        for value in values:
            question = question.replace("?", f"'{value}'", 1)
        plan = [line for (line,) in database.rows(f"EXPLAIN {question}", (), "be explained")]
        found = [line for line in plan if "Index Cond" in line]
        assert len(found) == len(values)
        assert all("command_id = " in line for line in found), plan
