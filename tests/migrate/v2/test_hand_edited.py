"""A v2 text changed by hand is normal input: what is missing is derived or assumed, and told; no line vanishes."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from chatdoc.crdt.keys import decode, encode
from chatdoc.model.ids import derive, is_id
from chatdoc.model.view.view import View
from invariants.full import check_all
from migrate.v2.read import mend, read_text
from migrate.v2.write import render
from tests.migrate.v2.text.documents import view_of

THREAD = derive("thread", 1_700_000_000_000, "t")
ROOT = derive("message", 1_700_000_000_000, "root")
REPLY = derive("message", 1_700_000_001_000, "reply")
DATE = "2023-11-14T22:13:20.000Z"
LATER = "2023-11-14T22:13:21.000Z"


def entry(content: str, **fields: Any) -> dict[str, Any]:
    """A history entry by ada."""
    return {"author_id": "ada", "content": content, "date": DATE} | fields


def message(message_id: Any, **fields: Any) -> dict[str, Any]:
    """A message row of the thread; a field of ... is left out."""
    row = {
        "event": "message",
        "message_id": message_id,
        "thread_id": THREAD,
        "sender_id": "ada",
        "date": DATE,
        "history": [entry("text")],
    }
    return {name: value for name, value in (row | fields).items() if value is not ...}


THREAD_ROW = {
    "event": "thread",
    "thread_id": THREAD,
    "created_at": DATE,
    "created_by": "ada",
    "root_message_id": ROOT,
    "schema_version": 2,
}
ROOT_ROW = message(ROOT)


def text_of(*rows: Any) -> bytes:
    """Rows as lines; bytes stand for themselves."""
    return b"".join((one if isinstance(one, bytes) else msgspec.json.encode(one)) + b"\n" for one in rows)


def opened(source: bytes) -> tuple[View, list[str]]:
    """The mended view of a text and the codes of all that was odd; it breaks no rule, and is a fixed point."""
    text = read_text(source)
    facts, mended = mend(text.facts, text.old_name)
    view = view_of(facts)
    assert [one for one in check_all(view).values() if one.severity == "violation"] == []
    for fact in facts:
        assert decode(*encode(fact)) == fact
    once = render(view)
    again = read_text(once)
    assert mend(again.facts, again.old_name)[1] == []
    assert render(view_of(again.facts)) == once
    assert [one.code for one in again.oddities] == []
    return view, [one.code for one in text.oddities] + [one.code for one in mended]


def test_missing_revision_ids_are_derived_in_order() -> None:
    """Entries without ids stay newest first, also when they share a millisecond with the message."""
    view, codes = opened(
        text_of(THREAD_ROW, message(ROOT, history=[entry("three"), entry("two"), entry("one")]))
    )
    root = view.message(ROOT)
    assert root is not None
    assert [one.content for one in root.history] == ["three", "two", "one"]
    assert root.history[-1].revision_id == ROOT
    assert "missing_revision_id" in codes


def test_an_entry_with_a_copied_id_is_shown_when_it_stands_first() -> None:
    """Somebody duplicated an entry and changed the copy: the copy is the newest text."""
    history = [entry("new", revision_id=ROOT), entry("old", revision_id=ROOT)]
    view, codes = opened(text_of(THREAD_ROW, message(ROOT, history=history)))
    root = view.message(ROOT)
    assert root is not None
    assert root.content == "new"
    assert len(root.history) == 2
    assert "history_out_of_order" not in codes or root.history[0].revision_id > ROOT


def test_foreign_ids_are_renamed_everywhere() -> None:
    """Ids that are neither ULID nor UUID get a derived one in every row that names them, in any order of lines."""
    rows = [
        THREAD_ROW | {"thread_id": "plan", "root_message_id": "first"},
        message("first", thread_id="plan"),
        message("second", thread_id="plan", reply_to_message_id="first", date=LATER),
        {"event": "thread_config", "thread_id": "plan", "name": "Plan"},
        {"event": "thread_state", "thread_id": "plan", "state": "complete", "active_message_id": "second",
         "updated_at": LATER},
    ]  # fmt: skip
    view, codes = opened(text_of(*rows))
    (thread_id,) = view.thread_ids()
    assert is_id(thread_id)
    thread = view.thread(thread_id)
    assert thread is not None
    assert thread.extra == {"legacy_thread_id": "plan"}
    assert view.config(thread_id).name == "Plan"
    assert sorted(str((view.message(one) or thread).extra) for one in view.message_ids()) == [
        "{'legacy_message_id': 'first'}",
        "{'legacy_message_id': 'second'}",
    ]
    assert {"foreign_thread_id", "foreign_message_id"} <= set(codes)
    assert render(opened(text_of(*rows[::-1]))[0]) == render(view)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([ROOT_ROW], "missing_thread"),
        ([THREAD_ROW], "missing_root"),
        ([THREAD_ROW, ROOT_ROW, message(REPLY)], "second_root"),
        ([THREAD_ROW, ROOT_ROW, message(REPLY, reply_to_message_id=derive("message", 0))], "invalid_reply_target"),
        ([THREAD_ROW, message(ROOT, reply_to_message_id=REPLY), message(REPLY)], "root_that_replies"),
        ([THREAD_ROW, ROOT_ROW, message(REPLY, reply_to_message_id=REPLY)], "reply_cycle"),
        ([{"event": "thread_config", "thread_id": THREAD, "name": "x"}], "missing_thread"),
        ([THREAD_ROW, ROOT_ROW, {"event": "thread_state", "thread_id": THREAD, "state": "running",
          "active_message_id": ROOT, "updated_at": DATE}], "finalize_mismatch"),
        ([THREAD_ROW, message(ROOT, generating=True), {"event": "thread_state", "thread_id": THREAD,
          "state": "complete", "active_message_id": ROOT, "updated_at": DATE}], "finalize_mismatch"),
        ([THREAD_ROW, ROOT_ROW, {"event": "thread_state", "thread_id": THREAD, "state": "complete",
          "active_message_id": REPLY, "updated_at": DATE}], "dangling_active_message"),
        ([THREAD_ROW, message(ROOT, acp_thread_id="s")], "missing_thread_config"),
        ([message(ROOT, thread_id=...)], "missing_thread_id"),
        ([message(..., content="hi", history=...)], "missing_message_id"),
        ([THREAD_ROW, message(ROOT, date="yesterday")], "unfit_date"),
        ([THREAD_ROW, message(ROOT, date=1700000000000)], "date_respelled"),
        ([THREAD_ROW, message(ROOT, date="2023-11-14T23:13:20+01:00")], "date_respelled"),
        ([THREAD_ROW, message(ROOT, sender_id=...)], "missing_sender_id"),
        ([THREAD_ROW, message(ROOT, history="text")], "unfit_history"),
        ([THREAD_ROW, message(ROOT, history=[])], "empty_history"),
        ([THREAD_ROW, message(ROOT, history=[entry("a", extra=1), "b"])], "odd_history_entries"),
        ([THREAD_ROW, message(ROOT, history=[entry("a", revision_id="7" + "Z" * 25)])], "odd_history_entries"),
        ([THREAD_ROW, message(ROOT, stamps={"generating": ["x", "y"]}, generating=False)], "unfit_stamp"),
        ([THREAD_ROW, message(ROOT, stamps=[])], "unfit_stamps"),
        ([THREAD_ROW, message(ROOT, live="abc")], "unfit_live"),
        ([THREAD_ROW, message(ROOT, variants=[1])], "unfit_variants"),
        ([THREAD_ROW, message(ROOT, deleted_at=LATER)], "deletion_without_stamp"),
        ([THREAD_ROW | {"deleted_at": LATER, "deleted_by": "bob"}, ROOT_ROW], "deletion_without_stamp"),
        ([THREAD_ROW | {"created_at": None}, ROOT_ROW], "missing_created_at"),
        ([{"event": "thread", "thread_id": THREAD}, ROOT_ROW], "missing_root_message_id"),
        ([{"event": "thread", "thread_id": THREAD}], "not_interpreted"),
        ([{"event": "thread_config", "name": "x"}], "not_interpreted"),
        ([{"event": "banana"}], "not_interpreted"),
        ([{"event": "message"}], "not_interpreted"),
        ([{"event": "attic", "kind": "cellar"}], "not_interpreted"),
        ([{}], "not_interpreted"),
        ([THREAD_ROW, ROOT_ROW, b'{"event":"thread_config","thread_id":"%s","name":"a","name":"b"}' % THREAD.encode()],
         "repeated_keys"),
        ([b"{"], "quarantined"),
        ([b"[1]"], "quarantined"),
        ([b"\xff\xfe"], "quarantined"),
        ([b"[" * 3000], "quarantined"),
        ([THREAD_ROW, message(ROOT, deep=msgspec.json.decode("[" * 300 + "]" * 300))], "quarantined"),
        ([THREAD_ROW, message(ROOT, stamps={"x" * 600: [ROOT, "ada"]}, **{"x" * 600: 1, "": 2})],
         "missing_revision_id"),
        ([THREAD_ROW, ROOT_ROW, ROOT_ROW], "duplicate_line"),
    ],
)  # fmt: skip
def test_each_oddity_is_told_and_mended(rows: list[Any], code: str) -> None:
    """Whatever is missing or unfit, the text opens without a violation, says so, and settles at once."""
    source = text_of(*rows)
    _, codes = opened(source)
    assert code in codes
    text = read_text(source)
    assert len(text.fates) == len(rows)


def test_a_deleted_thread_written_by_hand_is_deleted() -> None:
    """`deleted_at` in the thread row is enough."""
    view, _ = opened(text_of(THREAD_ROW | {"deleted_at": LATER, "deleted_by": "bob"}, ROOT_ROW))
    thread = view.thread(THREAD)
    assert thread is not None
    assert (thread.deleted_at, thread.deleted_by) == (LATER, "bob")


def test_both_sides_of_a_merge_conflict_are_kept() -> None:
    """Two rows of one id, as version control leaves them, become one message with both texts."""
    other = message(ROOT, history=[entry("theirs", revision_id=ROOT)])
    source = text_of(THREAD_ROW, b"<<<<<<< ours", ROOT_ROW, b"=======", other, b">>>>>>> theirs")
    view, _ = opened(source)
    root = view.message(ROOT)
    assert root is not None
    assert {one.content for one in root.history} == {"text", "theirs"}
    assert sorted(one.text for one in view.attic()) == ["<<<<<<< ours", "=======", ">>>>>>> theirs"]


def test_the_order_of_lines_has_no_meaning() -> None:
    """Any shuffle of the lines gives the same facts."""
    rows = [
        THREAD_ROW,
        {"event": "thread_config", "thread_id": THREAD, "name": "x", "own": {"b": 1, "a": [2]}},
        ROOT_ROW,
        message(REPLY, reply_to_message_id="x-1", stamps={}),
        message("x-1", date=LATER, reply_to_message_id=ROOT),
        b"rubbish",
        {"event": "other"},
    ]
    expected = render(opened(text_of(*rows))[0])
    dice = random.Random(7)
    for _ in range(10):
        dice.shuffle(rows)
        assert render(opened(text_of(*rows))[0]) == expected


def test_bytes_of_any_kind_do_not_raise() -> None:
    """Cutting and stirring a good text gives a document, never an exception, and every line has a fate."""
    good = text_of(THREAD_ROW, ROOT_ROW, message(REPLY, reply_to_message_id=ROOT, acp_usage={"a": 1}))
    dice = random.Random(11)
    for _ in range(300):
        raw = bytearray(good)
        for _ in range(dice.randint(1, 6)):
            place = dice.randrange(len(raw))
            raw[place : place + dice.randint(0, 3)] = dice.randbytes(dice.randint(0, 3))
        source = bytes(raw)
        opened(source)
        lines = source.split(b"\n")
        assert len(read_text(source).fates) == len(lines) - (not lines[-1])


def test_two_threads_that_name_one_missing_root_have_one_each() -> None:
    """The placeholder stands in the first of them; the other gets its own."""
    other = derive("thread", 1_700_000_000_000, "u")
    view, codes = opened(text_of(THREAD_ROW, THREAD_ROW | {"thread_id": other}))
    assert codes == ["missing_root", "foreign_root", "missing_root"]
    assert len({view.root_of(thread_id) for thread_id in view.thread_ids()}) == 2


def test_a_state_that_holds_in_the_place_of_a_corrected_one_is_corrected_too() -> None:
    """Two states that name no message of the thread are both looked at."""
    state = {"event": "thread_state", "thread_id": THREAD, "state": "complete", "updated_at": DATE}
    rows = [
        state
        | {
            "stamp": derive("state", 1_700_000_000_000, str(number)),
            "active_message_id": derive("none", number),
        }
        for number in range(3)
    ]
    view, codes = opened(text_of(THREAD_ROW, ROOT_ROW, *rows))
    assert codes.count("dangling_active_message") >= 2
    state_now = view.state(THREAD)
    assert state_now is not None
    assert state_now.active_message_id is None
