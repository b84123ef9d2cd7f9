"""Writes that go out together leave the same rows as the same writes one by one."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest

from chatdoc.store.postgres.arrays import column
from chatdoc.store.postgres.documents import PostgresDocuments
from chatdoc.store.postgres.merged_writes import Write, ends_of, gathered
from chatdoc.store.postgres.pipeline import Pipeline
from chatdoc.store.postgres.session import Session
from tests.postgres_cluster import Cluster
from tests.store.documents import NOW, registration

UPDATE = "INSERT INTO updates VALUES (?, ?, ?, ?, ?)"
MERGE = (
    "INSERT INTO consumer_cursors VALUES (?, ?) ON CONFLICT (consumer) DO UPDATE SET"
    " sequence = consumer_cursors.sequence + excluded.sequence"
)
PUT = "INSERT OR REPLACE INTO row_digests (table_name, row_key, digest) VALUES (?, ?, ?)"
MOVE = "UPDATE consumer_cursors SET sequence = ? WHERE consumer = ?"
RAISE = "UPDATE consumer_cursors SET sequence = sequence + ? WHERE consumer = ?"
DROP = "DELETE FROM consumer_cursors WHERE consumer = ?"
COUNT = "INSERT INTO row_digests (table_name, row_key, digest) SELECT ?, count(*), ? FROM consumer_cursors"
COPY = f"{COUNT} ON CONFLICT (table_name, row_key) DO NOTHING"
LOOK = "SELECT consumer, sequence FROM consumer_cursors ORDER BY consumer"
ROWS = (
    "SELECT sequence, origin, bytes FROM updates WHERE sequence > 1",
    "SELECT consumer, sequence FROM consumer_cursors",
    "SELECT table_name, row_key, digest FROM row_digests WHERE length(table_name) = 1",
)
SAVE, KEEP, UNDO = "SAVEPOINT work", "RELEASE work", "ROLLBACK TO work"
Statement = tuple[str, tuple[Any, ...]]


@pytest.fixture
def documents(postgres: Cluster, request: pytest.FixtureRequest) -> Iterator[PostgresDocuments]:
    """The documents of a database of this test's own."""
    name = f"merged_{abs(hash(request.node.name)) % 10**9}"
    with PostgresDocuments(postgres.create_database(name)) as opened:
        yield opened


def drawn(dice: random.Random, count: int) -> Iterator[Statement]:
    """Statements, some of them of pieces that are undone alone."""
    is_within = False
    for number in range(1, count + 1):
        consumer = dice.choice("abc")
        yield dice.choice(
            [
                (
                    UPDATE,
                    (number + 1, dice.choice(["local", "a\0b", "ä"]), NOW, b"digest", bytes([number % 256])),
                ),
                (MERGE, (consumer, dice.randrange(100))),
                (MOVE, (dice.randrange(100), consumer)),
                (RAISE, (dice.randrange(100), consumer)),
                (DROP, (consumer,)),
                (PUT, (consumer, dice.choice("xy"), bytes([number % 256]))),
                (COPY, (consumer, b"counted")),
                (LOOK, ()),
            ]
        )
        if dice.random() < 0.3:
            yield from (
                ([(UNDO, ()), (KEEP, ())] if dice.random() < 0.5 else [(KEEP, ())])
                if is_within
                else [(SAVE, ())]
            )
            is_within = not is_within
    if is_within:
        yield KEEP, ()


def done(
    documents: PostgresDocuments, name: str, transactions: Sequence[Sequence[Statement]], *, looked: bool
) -> list[Any]:
    """What is in the tables at last, and what was found on the way; each answer is looked at, or those of questions."""
    key = documents.create(registration(name, name), b"genesis", origin="migration", recorded_at_ms=NOW)

    def work(session: Session) -> list[Any]:
        found: list[Any] = []
        for transaction in transactions:
            session.begin()
            session.speak_for(key)
            for statement, values in transaction:
                answer = session.execute(statement, values)
                if statement == LOOK:
                    found.append(answer.fetchall())
                elif looked and statement not in (SAVE, KEEP, UNDO):
                    assert answer.rowcount >= 0
            session.commit(name, "be tried")
        for question in ROWS:
            found.append(sorted(session.execute(question).fetchall()))
        session.wait()
        return found

    return documents.pool.use(work, "be tried")


@pytest.mark.parametrize("seed", range(8))
def test_merged_writes_mean_what_they_mean_one_by_one(documents: PostgresDocuments, seed: int) -> None:
    """Whatever is written, asked and undone, the rows are those of its statements one after the other."""
    dice = random.Random(seed)
    shapes = [list(drawn(dice, dice.randrange(1, 30))) for _ in range(12)]
    transactions = [
        [
            (statement, (values[0] + 1000 * number, *values[1:]) if statement == UPDATE else values)
            for statement, values in shapes[number % len(shapes)]
        ]
        for number in range(5 * len(shapes))  # So often that what they have in common is prepared.
    ]
    together = done(documents, f"together-{seed}", transactions, looked=False)
    assert together == done(documents, f"alone-{seed}", transactions, looked=True)


def test_a_piece_that_is_undone_before_anybody_asked_is_not_heard_of(
    documents: PostgresDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No savepoint goes out, and nothing of what it wrote."""
    sent: list[str] = []
    send = Pipeline.send

    def noted(pipeline: Pipeline, statement: str, *rest: Any) -> None:
        sent.append(statement)
        send(pipeline, statement, *rest)

    monkeypatch.setattr(Pipeline, "send", noted)
    begun: list[Statement] = [(SAVE, ()), (MOVE, (1, "a")), (UNDO, ()), (KEEP, ())]
    found = done(documents, "quiet", [[*begun, (MERGE, ("b", 2))]], looked=False)
    assert not [one for one in sent if one in (SAVE, KEEP, UNDO, MOVE)]
    assert found[1] == [("b", 2)]


def test_a_large_row_is_on_its_way_while_the_next_one_is_made(documents: PostgresDocuments) -> None:
    """A database that hears nothing for long ends the transaction of whoever compresses a log."""
    key = documents.create(registration("slow", "slow"), b"genesis", origin="migration", recorded_at_ms=NOW)

    def work(session: Session) -> list[Any]:
        session.execute("SELECT set_config('idle_in_transaction_session_timeout', '300', false)").fetchone()
        session.begin()
        session.speak_for(key)
        session.execute(LOOK).fetchall()
        for number in range(3):
            session.execute("INSERT INTO update_runs VALUES (?, ?, ?, ?)", (number, number, 1, b"run"))
            threading.Event().wait(0.4)
        session.commit("slow", "be tried")
        return session.execute("SELECT first FROM update_runs ORDER BY first").fetchall()

    assert documents.pool.use(work, "be tried") == [(0,), (1,), (2,)]


def groups(*statements: Statement) -> list[list[Write]]:
    """How statements go out."""
    writes = gathered(statements)
    ends = ends_of(tuple([statement for statement, _ in writes]))
    return [writes[begin:end] for begin, end in pairwise((0, *ends))]


def test_rows_of_one_table_are_one_part() -> None:
    """They are one INSERT, behind no question about the table and no other write to it."""
    first, second = (UPDATE, (1, "o", NOW, b"d", b"u")), (UPDATE, (2, "o", NOW, b"d", b"u"))
    (sent,) = groups(first, (MOVE, (1, "a")), second)
    assert sent[0][1][:2] == [column("bigint", [1, 2]), column("text", ["o", "o"])]
    assert sent[1:] == [(MOVE, (1, "a"))]
    apart = groups((MERGE, ("a", 1)), (MERGE, ("b", 1)), (DROP, ("a",)), (MERGE, ("a", 1)))
    assert [len(group) for group in apart] == [1, 1, 1]


def test_a_row_that_meets_one_of_its_key_waits_for_it() -> None:
    """PostgreSQL refuses to change a row twice in one statement."""
    assert len(groups((MERGE, ("a", 1)), (MERGE, ("a", 2)))) == 2


def test_an_update_that_a_later_one_overwrites_is_left_out() -> None:
    """Of several that set the same columns of the same row, the last is sent; one that counts on is sent each time."""
    assert groups((MOVE, (1, "a")), (MOVE, (2, "a"))) == [[(MOVE, (2, "a"))]]
    assert len(groups((MOVE, (1, "a")), (MOVE, (2, "b")), (MOVE, (3, "a")))) == 2
    assert len(groups((RAISE, (1, "a")), (RAISE, (1, "a")))) == 2
    assert len(groups((MOVE, (1, "a")), (RAISE, (1, "a")), (MOVE, (2, "a")))) == 3


def test_a_part_that_names_a_written_table_goes_out_by_itself() -> None:
    """All parts of one statement see what was there before it."""
    assert [
        len(one) for one in groups((MERGE, ("a", 1)), (COPY, ("t", b"")), (UPDATE, (1, "o", 1, b"", b"")))
    ] == [1, 2]
