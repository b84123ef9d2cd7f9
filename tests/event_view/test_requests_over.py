"""No request for leave outlives the turn that made it: whoever ends the turn closes what it still asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatdoc.agents.turn import Turn
from chatdoc.document import Document
from chatdoc.model.errors import CommandRefused
from chatdoc.model.events.event import Draft
from chatdoc.model.events.ordering import joined
from chatdoc.model.events.types import TurnInterruptRequested
from chatdoc.testing.clocks import ManualClock
from chatdoc.testing.white_box import execute_of, kill
from tests.event_view.workplace import ask, folded, opened
from tests.every_store import on_every_store

pytestmark = on_every_store

End = Callable[[Document, Turn], object]
ENDS: dict[str, End] = {
    "ended": lambda _, turn: turn.finalize("done"),
    "was interrupted (interrupt)": lambda _, turn: turn.interrupt(),
    "failed": lambda _, turn: turn.fail("no network"),
    "was interrupted (worker_stopped)": lambda document, turn: document.agents.recover(
        turn.thread_id, turn.message_id
    ),
}
RESOLVED = "SELECT request_id, status, decision FROM projection_pending_approvals ORDER BY request_id"


def assert_none_outlives_its_turn(document: Document) -> None:
    """The law: what waits for an answer names no turn, or one that runs."""
    waiting = {one.turn_id for one in document.log.approvals() if one.turn_id is not None}
    assert waiting <= document.view.generating


@pytest.mark.parametrize("how", ENDS)
def test_end_of_a_turn_closes_what_it_asked_for(tmp_path: Path, how: str, any_store: str) -> None:
    """In the transaction that ends it, caused by the end; answers that were given and other requests stay."""
    if any_store == "postgres":
        pytest.skip("it asks with functions of SQLite")
    with opened(tmp_path) as document:
        thread = document.create_thread(sender_id="ada", content="Hello").thread_id
        other = document.create_thread(sender_id="ada", content="Hello").thread_id
        turn = document.start_turn(thread, sender_id="codex")
        lasting = document.start_turn(other, sender_id="codex")
        for request_id, of in (("a", turn), ("b", turn), ("c", turn), ("other", lasting)):
            document.agents.request_approval(of.thread_id, request_id, summary="rm", turn_id=of.message_id)
        document.agents.request_approval(thread, "free", summary="of no turn")
        document.agents.respond_approval(thread, "b", "accept")
        ENDS[how](document, turn)
        assert [one.request_id for one in document.log.approvals()] == ["free", "other"]
        assert ask(tmp_path, RESOLVED)[:3] == [
            ("a", "resolved", "cancel"), ("b", "resolved", "accept"), ("c", "resolved", "cancel"),
        ]  # fmt: skip
        closing = ask(
            tmp_path,
            "SELECT one.command_id IS cause.command_id, cause.event_type, json_extract(one.payload_json,"
            " '$.activity.payload.detail') FROM orchestration_events one JOIN orchestration_events cause"
            " ON cause.event_id = one.causation_event_id WHERE one.payload_json LIKE '%approval.resolved%'",
        )
        assert closing == [(1, "thread.session-set", f"turn {turn.message_id} {how}")] * 2
        rows = folded(tmp_path)
        document.log.rebuild()
        assert folded(tmp_path) == rows
        with pytest.raises(CommandRefused, match="is closed: cancel"):
            document.agents.respond_approval(thread, "a", "accept")


@pytest.mark.parametrize("how", ["request", "activity"])
def test_request_that_comes_after_the_end_is_closed_at_once(tmp_path: Path, how: str) -> None:
    """Who asks right after an interrupt finds the answer that he would have got right before it."""
    with opened(tmp_path) as document:
        thread = document.create_thread(sender_id="ada", content="Hello").thread_id
        turn = document.start_turn(thread, sender_id="codex")
        document.agents.interrupt(thread, turn.message_id)
        if how == "request":
            document.agents.request_approval(thread, "late", summary="rm", turn_id=turn.message_id)
        else:
            document.agents.append_activity(
                thread,
                kind="approval.requested",
                summary="rm",
                payload={"requestId": "late"},
                turn_id=turn.message_id,
            )
        assert document.log.approvals() == []
        assert ask(tmp_path, RESOLVED) == [("late", "resolved", "cancel")]


def test_end_that_a_peer_tells_of_closes_requests_too(tmp_path: Path) -> None:
    """The request is in this folder's log alone; the turn was interrupted in another folder."""
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    with opened(tmp_path / "here") as here, opened(tmp_path / "there", seed=2) as there:
        thread = here.create_thread(sender_id="ada", content="Hello").thread_id
        turn = here.start_turn(thread, sender_id="codex")
        here.agents.request_approval(thread, "rm", summary="rm", turn_id=turn.message_id)
        there.receive(here.diff())
        there.agents.interrupt(thread, turn.message_id, by="ada")
        assert len(here.log.approvals()) == 1
        here.receive(there.diff())
        assert here.log.approvals() == []
        assert there.log.approvals() == []


def test_turn_that_a_dead_process_left_takes_its_requests_along(tmp_path: Path) -> None:
    """Found and ended at the next opening, though the read tables were lost meanwhile."""
    left = opened(tmp_path)
    thread = left.create_thread(sender_id="ada", content="Hello").thread_id
    turn = left.start_turn(thread, sender_id="codex")
    left.agents.request_approval(thread, "rm", summary="rm", turn_id=turn.message_id)
    execute_of(left)("DELETE FROM projection_state")
    execute_of(left)("DELETE FROM projection_pending_approvals")
    kill(left)
    with opened(tmp_path, seed=2) as document:
        assert document.agents.running() == ()
        assert ask(tmp_path, RESOLVED) == [("rm", "resolved", "cancel")]


def test_turn_asks_in_its_own_thread(tmp_path: Path) -> None:
    """A request of another thread is refused, and says so."""
    with opened(tmp_path) as document:
        thread = document.create_thread(sender_id="ada", content="Hello").thread_id
        other = document.create_thread(sender_id="ada", content="Hello").thread_id
        turn = document.start_turn(thread, sender_id="codex")
        with pytest.raises(CommandRefused, match="is told in its own thread"):
            document.agents.request_approval(other, "rm", summary="rm", turn_id=turn.message_id)
        document.agents.request_approval(other, "rm", summary="rm", turn_id="known-to-the-agent-alone")
        assert len(document.log.approvals()) == 1


def test_causes_are_kept_when_batches_are_joined() -> None:
    """What the second batch says of its own events is true of the whole."""
    said = TurnInterruptRequested(thread_id="t", created_at="")
    first, second = (
        [Draft(said, "t"), Draft(said, "t", cause=0)],
        [Draft(said, "t"), Draft(said, "t", cause=0)],
    )
    assert [one.cause for one in joined(first, second)] == [-1, 0, -1, 2]


DEEDS = st.tuples(
    st.sampled_from(["start", "ask", "ask", "ask late", "answer", *ENDS, "meet", "elsewhere", "reopen"]),
    st.integers(0, 1),
)


@given(deeds=st.lists(DEEDS, max_size=14))
@settings(max_examples=25, deadline=None)
def test_no_request_outlives_its_turn(
    deeds: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whoever starts, asks, answers and ends turns here or at a peer, in whatever order."""
    folder, clock = tmp_path_factory.mktemp("law"), ManualClock()
    for name in ("here", "there"):
        (folder / name).mkdir()
    here, there = opened(folder / "here", clock=clock), opened(folder / "there", seed=2, clock=clock)
    threads = [here.create_thread(sender_id="ada", content="Hello").thread_id for _ in range(2)]
    over: dict[str, list[str]] = {thread: [] for thread in threads}
    for number, (deed, at) in enumerate(deeds):
        thread = threads[at]
        running = [one for one in here.view.generating if here.view.thread_of(one) == thread]
        if deed == "start" and not running:
            over[thread].append(here.start_turn(thread, sender_id="codex").message_id)
        elif deed == "ask" and running:
            here.agents.request_approval(thread, f"r{number}", summary="rm", turn_id=running[0])
        elif deed == "ask late" and over[thread]:
            here.agents.request_approval(thread, f"r{number}", summary="rm", turn_id=over[thread][-1])
        elif deed == "answer" and (waiting := here.log.approvals(thread)):
            here.agents.respond_approval(thread, waiting[0].request_id, "decline")
        elif deed in ENDS and running:
            ENDS[deed](here, here.agents.turn(thread, running[0]))
        elif deed == "elsewhere":
            for one in [one for one in there.view.generating if there.view.thread_of(one) == thread]:
                there.agents.interrupt(thread, one)
        elif deed == "meet":
            there.receive(here.diff(there.state_vector()))
            here.receive(there.diff(here.state_vector()))
        elif deed == "reopen":
            here.close()
            here = opened(folder / "here", seed=10 + number, clock=clock)
        clock.advance(5)
        assert_none_outlives_its_turn(here)
    rows = folded(folder / "here")
    here.log.rebuild()
    assert folded(folder / "here") == rows
    here.close()
    there.close()
