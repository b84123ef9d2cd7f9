"""CoCalc shows every message of an export once, in its place, and its integrity report counts nothing."""

from __future__ import annotations

import random
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings

from chatdoc.in_memory import memory_document
from chatdoc.model.clock import MS_MAX, iso
from chatdoc.model.facts import Fact, Header, MarkFact, SettingFact
from chatdoc.model.ids import MessageId, Stamp, ThreadId, derive
from chatdoc.model.records.attic import AtticRow
from chatdoc.model.view.view import View
from migrate import migrate
from migrate.export import FORMATS
from migrate.shown_message import is_placeholder
from tests.examples import examples
from tests.migrate.export.cocalc_reader import Row, counters, is_agent, rows_of, shown
from tests.migrate.export.test_exports import MS, TWO_ROOTS, A, C, T, U, said, thread
from tests.migrate.test_golden import READ, named, source_of, view_of
from tests.migrate.v2.text.documents import fact_lists

FOR_COCALC = ("cocalc", "legacy")


def texts(rows: list[Row]) -> list[str]:
    """The newest text of each row."""
    return [row["history"][0]["content"] for row in rows if row["history"]]


def assert_all_shown(view: View, name: str) -> list[Row]:
    """Every message of a thread that is not deleted is on the screen once, each thread in its order."""
    rows = shown(rows_of(FORMATS[name](view)))
    alive = {
        one
        for one in view.members
        if not (view.has_thread(one) and (found := view.thread(one)) and found.deleted_at)
    }
    for thread_id in alive:
        ids = [
            one
            for one in view.ordered(thread_id)
            if (message := view.message(one)) is not None and not is_placeholder(message)
        ]
        root = view.root_of(thread_id)
        if name == "cocalc":
            there = [row["message_id"] for row in rows if row["thread_id"] == thread_id and row["history"]]
            assert [one for one in there if one != root] == [one for one in ids if one != root]
            assert in_one_order(there) == in_one_order(ids)
    if name == "cocalc":
        assert counters(rows_of(FORMATS[name](view))) == counters([])
    return rows


def in_one_order(ids: list[str]) -> list[str]:
    """The ids in one order."""
    return sorted(ids)


@pytest.mark.parametrize("folder", READ, ids=named)
def test_every_golden_case_counts_nothing_and_hides_nothing(folder: Path) -> None:
    """Of every format that is read, CoCalc gets a file without a finding that shows each message."""
    view = view_of(migrate(source_of(folder)).facts)
    for name in FOR_COCALC:
        assert_all_shown(view, name)


@settings(max_examples=examples(150), deadline=None)
@given(fact_lists())
def test_any_document_counts_nothing_and_hides_nothing(facts: list[Fact]) -> None:
    """So does CoCalc of any document, whatever its fields and however its replies run."""
    view = view_of([fact for fact in facts if not isinstance(fact, AtticRow)])
    for name in FOR_COCALC:
        assert_all_shown(view, name)


@pytest.mark.parametrize("name", FOR_COCALC)
def test_a_burst_is_shown_whole_and_in_order(name: str) -> None:
    """Of 200 messages sent by three people within 20 milliseconds 200 are shown, as they were sent."""
    ticks = count()
    doc = memory_document(clock=lambda: MS + next(ticks) // 30, random=random.Random(1).randbytes)
    begun = doc.create_thread(sender_id="ada", content="0")
    for number in range(1, 200):
        doc.send(begun.thread_id, sender_id=("ada", "bob", "eve")[number % 3], content=str(number))
    assert len({one.date for one in doc.messages(begun.thread_id)}) < 25
    expected = [one.content for one in doc.messages(begun.thread_id)]
    assert texts(assert_all_shown(doc.view, name)) == expected
    assert sorted(map(int, expected)) == list(range(200))


@pytest.mark.parametrize("name", FOR_COCALC)
def test_time_does_not_end_before_the_last_message(name: str) -> None:
    """Messages of the last millisecond of the year 9999 are shown too, the others just before it."""
    facts: list[Fact] = [thread(T, A), said(A, T, "0")]
    for number in range(5):
        facts.append(
            Header(
                message_id=MessageId(derive("message", MS, str(number))),
                thread_id=ThreadId(T),
                sender_id="ada",
                date=iso(MS_MAX),
                reply_to_message_id=MessageId(A),
                content=str(number),
            )
        )
    assert len(assert_all_shown(view_of(facts), name)) == 6


def test_messages_come_back_with_their_own_dates() -> None:
    """Read back, rows that were moved on have the dates they had, and the same bytes come out."""
    view = view_of(TWO_ROOTS)
    text = FORMATS["cocalc"](view)
    again = view_of(migrate(text).facts)
    assert {one: again.headers[one].date for one in again.headers} == {
        one: view.headers[one].date for one in view.headers
    }
    assert FORMATS["cocalc"](again) == text


def test_placeholders_come_back_as_placeholders() -> None:
    """What nobody wrote is a root without text for CoCalc, and a placeholder when it is read back."""
    facts: list[Fact] = [
        thread(T, A, assumed=True),
        said(A, T, "", sender_id="", assumed=True, fields={"placeholder": "missing root"}),
        said(C, T, "reply", A),
    ]
    text = FORMATS["cocalc"](view_of(facts))
    again = view_of(migrate(text).facts)
    root = again.message(A)
    assert root is not None
    assert is_placeholder(root)
    assert root.sender_id == ""
    assert FORMATS["cocalc"](again) == text


@pytest.mark.parametrize("name", FOR_COCALC)
def test_a_deleted_thread_stays_deleted(name: str) -> None:
    """No row of a thread that was deleted is written, and nothing else is missing."""
    gone = SettingFact(
        thread_id=ThreadId(U), field="deleted", stamp=Stamp(derive("s", MS)), value=True, by="ada"
    )
    rows = rows_of(FORMATS[name](view_of([*TWO_ROOTS, gone])))
    assert texts([row for row in rows if row["event"] == "chat"]) == ["one"]
    assert U not in {row.get("thread_id") for row in rows}


@pytest.mark.parametrize("name", FOR_COCALC)
def test_kept_originals_are_not_written_a_second_time(name: str) -> None:
    """A row of the attic that CoCalc would show is left out, also one that only JavaScript can read."""
    kept = [
        AtticRow(
            kind="row", reason="keys stand twice", text='{"event":"chat","date":5,"date":6,"history":[]}'
        ),
        AtticRow(kind="row", reason="halves", text='{"event": "chat", "input":"\\ud83d", "date":7}'),
        AtticRow(kind="row", reason="another", text='{"event":"chat-thread-config","thread_id":"x"}'),
        AtticRow(
            kind="line", reason="too deep", text='{"event":"chat","a":' + "[" * 90_000 + "]" * 90_000 + "}"
        ),
        AtticRow(kind="row", reason="draft", text='{"event":"draft","date":0}'),
    ]
    out = FORMATS[name](view_of([*TWO_ROOTS, *kept])).split(b"\n")
    assert [line for line in out if line in {row.text.encode() for row in kept}] == [
        b'{"event":"draft","date":0}'
    ]


@pytest.mark.parametrize("name", FOR_COCALC)
def test_answers_of_our_turns_are_an_agents(name: str) -> None:
    """The answer of a turn names the account of who asked, so it is told from what people wrote."""
    ticks = count(MS)
    doc = memory_document(clock=lambda: next(ticks), random=random.Random(2).randbytes)
    begun = doc.create_thread(sender_id="ada", content="Plan?")
    asked = doc.send(begun.thread_id, sender_id="bob", content="And now?")
    with doc.start_turn(begun.thread_id, sender_id="codex", answers=asked.message_id) as turn:
        turn.append("This.")
        turn.finalize()
    agents = [row for row in assert_all_shown(doc.view, name) if is_agent(row)]
    assert texts(agents) == ["This."]
    assert agents[0]["acp_account_id"] == "bob"


@pytest.mark.parametrize("name", FOR_COCALC)
def test_fields_of_a_sender_place_no_row(name: str) -> None:
    """Fields named like those by which CoCalc places, hides or saves a row are not its own."""
    odd = {"parent_message_id": "x", "reply_to": iso(MS), "video_chat": {"is_video_chat": True}, "input": 7}
    mark = MarkFact(message_id=MessageId(C), field="reply_to", stamp=Stamp(derive("m", MS)), value=1, by="")
    view = view_of([thread(T, A), said(A, T, "one", fields=odd), said(C, T, "two", A), mark])
    assert len(assert_all_shown(view, name)) == 2
