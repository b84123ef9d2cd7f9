"""A message keeps every text in its order, and says what is true of it at rest."""

from __future__ import annotations

from typing import Any

import pytest

from chatdoc.model.clock import iso
from chatdoc.model.ids import STAMP_MS_END, derive, is_ulid, time_ms
from tests.migrate.cocalc.building import (
    ADA,
    BOB,
    ONE,
    T0,
    THREAD,
    TWO,
    codes,
    message,
    messages,
    opened,
    said,
)


def history(*contents: str, step_ms: int = 1000) -> list[dict[str, Any]]:
    """A history of these texts, the newest first, each so much older than the one before."""
    return [
        {"author_id": ADA, "content": text, "date": iso(T0 - place * step_ms)}
        for place, text in enumerate(contents)
    ]


@pytest.mark.parametrize("message_id", [None, ONE, derive("message", T0 + 5, "x")])
@pytest.mark.parametrize("step_ms", [1000, 0, -1000])
def test_history_keeps_its_order_whatever_its_dates(message_id: str | None, step_ms: int) -> None:
    """Also where clocks went backwards, texts are equal, or the message has an id of its own."""
    texts = ["new", "same", "same", "old"]
    view, _ = opened(said("x") | {"history": history(*texts, step_ms=step_ms), "message_id": message_id})
    (found,) = messages(view)
    assert [one.content for one in found.history] == texts
    ids = [one.revision_id for one in found.history]
    assert ids == sorted(set(ids), reverse=True)


@pytest.mark.parametrize("ms", [STAMP_MS_END, 2**48 - 1])
def test_an_id_later_than_any_change_leaves_room_for_changes(ms: int) -> None:
    """Its first text gets a revision id of its own, so a later one is one that peers take."""
    last = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ" if ms == 2**48 - 1 else derive("x", ms - 1)[:-1] + "Z"
    view, _ = opened(said("x") | {"history": history("b", "a"), "message_id": last})
    (found,) = messages(view)
    assert [one.content for one in found.history] == ["b", "a"]
    assert all(is_ulid(one.revision_id) and time_ms(one.revision_id) < STAMP_MS_END for one in found.history)


def test_two_rows_of_one_message_have_one_history() -> None:
    """Of an edit and the row before it the edit is shown; of two edits made at once both are there."""
    first = said("a")
    edited = said("a") | {
        "history": [{"author_id": BOB, "content": "b", "date": iso(T0 + 9)}, *first["history"]]
    }
    other = said("a") | {
        "history": [{"author_id": BOB, "content": "c", "date": iso(T0 + 8)}, *first["history"]]
    }
    view, made = opened(other, first, edited)
    (found,) = messages(view)
    assert [one.content for one in found.history] == ["b", "c", "a"]
    assert codes(made) == ["same_message", "same_message"]


def test_one_id_with_two_texts_keeps_both() -> None:
    """In one history, and both rows are records."""
    view, made = opened(
        said("one", message_id=ONE, thread_id=THREAD), said("two", message_id=ONE, thread_id=THREAD)
    )
    (found,) = messages(view)
    assert {one.content for one in found.history} == {"one", "two"}
    assert made.report.lines["record"] == 2


def test_a_text_that_was_deleted_upstream_is_an_empty_revision() -> None:
    """Who emptied it is told, and what it was stays."""
    view, _ = opened(said("x") | {"history": history("", "a secret")})
    assert [one.content for one in messages(view)[0].history] == ["", "a secret"]


def test_a_message_left_generating_was_interrupted() -> None:
    """It is not generating any more, and a reason it has is kept."""
    view, made = opened(
        said("half", generating=True), said("x", 1, generating=True, acp_interrupted_reason="mine")
    )
    half, other = messages(view)
    assert (half.generating, half.acp_interrupted, half.acp_interrupted_reason) == (
        False,
        True,
        "server_restart",
    )
    assert other.acp_interrupted_reason == "mine"
    assert codes(made) == ["stale_generating", "stale_generating"]
    view, _ = opened(said("half", generating=True, acp_interrupted="yes"))
    assert messages(view)[0].extra["legacy_acp_interrupted"] == "yes"


def test_the_key_of_an_agents_log_is_written_down_while_it_can_be() -> None:
    """By dates where the row has no ids of CoCalc, by those where it has; a key it names itself stays."""
    agent = {"acp_account_id": ADA}
    view, _ = opened(
        said("root"),
        said("by date", 1, to=0, **agent),
        said("named", 2, to=0, acp_log_key="k", **agent),
        said("inline", 3, to=0, acp_events=[1], **agent),
        said("no agent", 4, to=0),
        said("root two", 5, message_id=ONE, thread_id=THREAD),
        said("by id", 6, message_id=TWO, thread_id=THREAD, parent_message_id=ONE, **agent),
    )
    keys = {one.content: one.extra.get("acp_log_key") for one in messages(view)}
    assert keys["by date"] == f"{iso(T0)}:{iso(T0 + 1000)}"
    assert keys["by id"] == f"{THREAD}:{TWO}"
    assert keys["named"] == "k"
    assert keys["inline"] is keys["no agent"] is None
    upstream = {"message_id": "no id", "thread_id": THREAD, "acp_account_id": ADA}
    view, _ = opened(said("upgraded") | upstream)
    assert messages(view)[0].extra["acp_log_key"] == f"{iso(T0)}:{iso(T0)}"


def test_the_log_of_a_reply_whose_root_is_missing_is_found_too() -> None:
    """Its key has the date of what it replied to."""
    view, _ = opened(said("x", 5, to=0, acp_thread_id="s"))
    assert message(view, "x").extra["acp_log_key"] == f"{iso(T0)}:{iso(T0 + 5000)}"
