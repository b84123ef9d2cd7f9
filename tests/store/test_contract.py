"""Every update log keeps the same promises, whether it lies in memory or on a disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatdoc.model.errors import ReceiptExists, StoreError
from chatdoc.store.memory.update_log import MemoryLog
from chatdoc.store.ports import Entry, Rows, UpdateLog
from chatdoc.store.sqlite.store import Store
from tests.store.documents import DOCUMENT_ID, NOW, receipt, registration, rows


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[UpdateLog]:
    """A log with one entry, `genesis` by `migration`."""
    if request.param == "memory":
        memory = MemoryLog()
        memory.append(b"genesis", "migration", recorded_at_ms=NOW)
        yield memory
        return
    with Store.open(tmp_path, durability="normal") as store:
        yield store.begin_document(
            registration("team.chat", DOCUMENT_ID), b"genesis", origin="migration", recorded_at_ms=NOW
        )


def test_entries_come_back_in_order_and_unchanged(log: UpdateLog) -> None:
    """Any bytes and any origin come back as they were appended, numbered from 1 without gaps."""
    updates = [b"", b"\x00\xff" * 200, "ünï".encode(), b"x" * 300_000]
    given = [
        log.append(update, f"peer \N{SNOWMAN} {at}", recorded_at_ms=NOW) for at, update in enumerate(updates)
    ]
    assert given == [2, 3, 4, 5]
    assert list(log.entries()) == [
        Entry(1, b"genesis", "migration"),
        *(Entry(at + 2, update, f"peer \N{SNOWMAN} {at}") for at, update in enumerate(updates)),
    ]
    assert log.last_sequence() == 5


def test_entries_after_a_sequence_are_the_newer_ones(log: UpdateLog) -> None:
    """Reading goes on beyond any sequence, over any number of entries, and ends beyond the last."""
    for number in range(700):
        log.append(b"%d" % number, "local", recorded_at_ms=NOW)
    assert [entry.sequence for entry in log.entries(after=250)] == list(range(251, 702))
    assert list(log.entries(after=701)) == []


def test_entries_may_be_appended_while_others_are_read(log: UpdateLog) -> None:
    """A reader that is not done yet disturbs no writer."""
    reading = log.entries()
    assert next(reading).sequence == 1
    assert log.append(b"more", "local", recorded_at_ms=NOW) == 2
    assert [entry.sequence for entry in reading] in ([], [2])


def test_receipt_comes_back_with_its_update(log: UpdateLog) -> None:
    """A command's answer is there as soon as its update is."""
    assert log.receipt("command") is None
    log.append(b"update", "command", recorded_at_ms=NOW, receipt=receipt())
    assert log.receipt("command") == receipt()


def test_receipt_of_a_refusal_comes_back(log: UpdateLog) -> None:
    """A command that wrote nothing is remembered with its error."""
    log.put_receipt(receipt("refused", error="no such thread"), recorded_at_ms=NOW)
    assert log.receipt("refused") == receipt("refused", error="no such thread")
    assert log.last_sequence() == 1


def test_second_receipt_of_a_command_writes_nothing(log: UpdateLog) -> None:
    """Neither the receipt nor the update that came with it is stored."""
    log.append(b"first", "command", recorded_at_ms=NOW, receipt=receipt())
    with pytest.raises(ReceiptExists, match="command"):
        log.append(b"second", "command", recorded_at_ms=NOW, receipt=receipt(error="other"))
    with pytest.raises(ReceiptExists):
        log.put_receipt(receipt(error="other"), recorded_at_ms=NOW)
    assert [entry.update for entry in log.entries()] == [b"genesis", b"first"]
    assert log.receipt("command") == receipt()
    assert log.append(b"third", "local", recorded_at_ms=NOW) == 3


def test_rows_come_back_whole(log: UpdateLog) -> None:
    """A row snapshot is returned as it was given, client ids of 53 bits included."""
    assert log.rows() is None
    log.put_rows(rows(), recorded_at_ms=NOW)
    assert log.rows() == rows()


@pytest.mark.parametrize("lines", [0, 1, 600, 1200, 5000])
def test_rows_of_any_size_come_back_whole(log: UpdateLog, lines: int) -> None:
    """Snapshots that grow and shrink replace each other without remains."""
    for count in (lines, lines * 2, lines // 2):
        log.put_rows(rows(lines=count), recorded_at_ms=NOW)
        assert log.rows() == rows(lines=count)


def test_row_pieces_are_whole_lines_and_make_the_rows(log: UpdateLog) -> None:
    """Each piece can be decoded alone, and all together are the headers."""
    log.put_rows(rows(lines=3000), recorded_at_ms=NOW)
    pieces = log.row_pieces()
    assert pieces is not None
    headers = list(pieces.headers)
    assert all(piece.endswith(b"\n") for piece in headers)
    whole = Rows(
        sequence=pieces.sequence, known=pieces.known, headers=b"".join(headers), others=pieces.others
    )
    assert whole == rows(lines=3000)


def test_row_pieces_need_not_be_read_to_the_end(log: UpdateLog) -> None:
    """A reader that stops, or never starts, leaves nothing behind that would disturb a writer."""
    log.put_rows(rows(lines=3000), recorded_at_ms=NOW)
    pieces = log.row_pieces()
    assert pieces is not None
    next(pieces.headers)
    log.row_pieces()
    del pieces
    log.put_rows(rows(sequence=2), recorded_at_ms=NOW)
    assert log.rows() == rows(sequence=2)


def test_reader_of_pieces_sees_one_moment(log: UpdateLog) -> None:
    """Rows replaced while they are read come out as they were when the reading began."""
    log.put_rows(rows(lines=3000), recorded_at_ms=NOW)
    pieces = log.row_pieces()
    assert pieces is not None
    log.put_rows(rows(sequence=2, lines=5), recorded_at_ms=NOW)
    first = next(pieces.headers)
    log.put_rows(rows(sequence=3, lines=7), recorded_at_ms=NOW)
    assert first + b"".join(pieces.headers) == rows(lines=3000).headers


def test_older_snapshots_replace_no_newer_ones(log: UpdateLog) -> None:
    """A process that is behind cannot take back what another one saved."""
    log.put_rows(rows(sequence=5), recorded_at_ms=NOW)
    log.put_rows(rows(sequence=4, lines=1), recorded_at_ms=NOW)
    assert log.rows() == rows(sequence=5)
    log.put_state(5, b"newer", recorded_at_ms=NOW)
    log.put_state(4, b"older", recorded_at_ms=NOW)
    assert log.state() == (5, b"newer")


def test_state_comes_back_whole(log: UpdateLog) -> None:
    """A Y state of any size is returned with the sequence it covers."""
    assert log.state() is None
    for sequence, update in enumerate([b"", b"\n" * 10, bytes(range(256)) * 3000], 1):
        log.put_state(sequence, update, recorded_at_ms=NOW)
        assert log.state() == (sequence, update)


def test_own_writes_are_no_change(log: UpdateLog) -> None:
    """Only what others wrote is worth looking for."""
    log.append(b"update", "local", recorded_at_ms=NOW, receipt=receipt())
    log.put_rows(rows(), recorded_at_ms=NOW)
    assert log.changed() is False


def test_threads_may_append_at_once(log: UpdateLog) -> None:
    """Each append gets a sequence of its own, and all entries are there."""
    given: list[int] = []

    def write(name: str) -> None:
        given.extend(log.append(name.encode(), name, recorded_at_ms=NOW) for _ in range(50))

    threads = [threading.Thread(target=write, args=(f"thread {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(2, 202))
    assert len(list(log.entries())) == 201


def test_closed_log_says_so(log: UpdateLog) -> None:
    """After close() every call raises StoreError with what to do; closing again is allowed."""
    log.close()
    log.close()
    for call in (log.last_sequence, log.rows, log.state, log.changed, lambda: list(log.entries())):
        with pytest.raises(StoreError, match=r"closed.*Open the document again"):
            call()
    with pytest.raises(StoreError, match="closed"):
        log.append(b"update", "local", recorded_at_ms=NOW)
