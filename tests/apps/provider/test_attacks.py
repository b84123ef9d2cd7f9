"""An agent process that is confused or means harm costs its own turn at most, and a disk that is full costs nothing."""

from __future__ import annotations

from random import Random

import pytest

from chatdoc.model.errors import ChatdocError, CommandRefused, StoreError
from tests.apps.provider.agents import Scribe
from tests.apps.provider.scene import Scene
from tests.apps.provider.test_reactor import asks, react
from tests.event_view.test_full_disk import full

BIG = Random(1).randbytes(200_000).hex()
"""No compression makes it fit."""


ENDS: dict[str, dict[str, object]] = {
    "turn.completed": {"usage": {"note": BIG}},
    "turn.failed": {"error": BIG},
    "turn.aborted": {"raw": BIG},
    "session.exited": {"raw": BIG},
    "runtime.error": {"message": BIG},
}


@pytest.mark.parametrize("kind", ENDS)
def test_an_end_that_the_disk_has_no_room_for_loses_no_text(scene: Scene, kind: str) -> None:
    """It is told again once there is room, and ends the turn with all that was said."""
    scene.hears("turn.started", "t-1")
    scene.hears("message.delta", "t-1", item_id="i", delta="All that ")
    scene.hears("message.delta", "t-1", item_id="i", delta="was said")
    with full(scene.document), pytest.raises(StoreError):
        scene.hears(kind, "t-1", event_id="end", **ENDS[kind])
    assert scene.hears(kind, "t-1", event_id="end", **ENDS[kind])
    assert scene.last.content.startswith("All that was said")
    assert not scene.last.generating


def test_texts_that_the_disk_has_no_room_for_are_not_lost(scene: Scene) -> None:
    """A piece that was heard is heard once, and written with the next one there is room for."""
    scene.hears("turn.started", "t-1")
    with full(scene.document), pytest.raises(StoreError):
        scene.hears("message.completed", "t-1", event_id="whole", item_id="i", text=BIG)
    scene.hears("message.completed", "t-1", event_id="whole", item_id="i", text=BIG)
    scene.hears("turn.completed", "t-1")
    assert scene.last.content == BIG


def test_a_turn_whose_text_could_not_be_written_is_closed_with_it(scene: Scene) -> None:
    """Once there is room."""
    scene.hears("turn.started", "t-1")
    scene.hears("message.delta", "t-1", item_id="i", delta=BIG[:1000])
    with full(scene.document), pytest.raises(StoreError):
        scene.hears("message.delta", "t-1", item_id="i", delta=BIG)
    scene.ingestion.close()
    assert scene.last.content == BIG[:1000] + BIG
    assert not scene.last.generating


@pytest.mark.parametrize("kind", ["message.completed", "message.delta", "turn.completed", "turn.started"])
def test_a_message_that_somebody_wrote_is_no_turn(scene: Scene, kind: str) -> None:
    """What an agent says under its id changes nothing of it."""
    mine = scene.document.send(scene.thread, sender_id="ada", content="I never said that")
    with pytest.raises(CommandRefused):
        scene.hears(kind, turn_id=mine.message_id, text="I did", delta="I did")
    assert scene.document.message(mine.message_id) == mine


def test_a_turn_of_another_agent_is_not_written_by_this_one(scene: Scene) -> None:
    """Only who runs it says what it says."""
    with scene.document.start_turn(scene.thread, sender_id="claude") as turn:
        turn.append("Mine")
        with pytest.raises(CommandRefused):
            scene.hears("message.completed", turn_id=turn.message_id, text="Theirs")
        with pytest.raises(CommandRefused):
            scene.hears("turn.failed", turn_id=turn.message_id, error="Theirs")
        turn.finalize()
    assert scene.document.message(turn.message_id).content == "Mine"


def test_a_session_that_was_replaced_ends_nothing_of_the_next(scene: Scene) -> None:
    """Its end comes late, as that of a process that was slow to die does."""
    scene.hears("session.started", provider_session_id="old")
    scene.hears("session.started", provider_session_id="new")
    scene.hears("turn.started", "t-1", provider_session_id="new")
    scene.hears("message.delta", "t-1", item_id="i", delta="Still ")
    scene.hears("session.exited", provider_session_id="old", reason="error")
    scene.hears("runtime.error", provider_session_id="old", message="broken pipe")
    scene.hears("message.delta", "t-1", item_id="i", delta="here")
    scene.hears("turn.completed", "t-1", provider_session_id="new")
    assert scene.last.content == "Still here"
    assert scene.session == ("ready", None)
    listed = {one.provider_session_id: one.status for one in scene.document.log.sessions.all()}
    assert listed == {"old": "error", "new": "running"}
    scene.hears("session.exited", provider_session_id="new")
    assert scene.session == ("stopped", None)


@pytest.mark.parametrize("pieces", [3])
def test_a_turn_that_says_more_than_a_message_may_hold_can_be_ended(scene: Scene, pieces: int) -> None:
    """Its agent is told; what was said before is kept."""
    scene.hears("turn.started", "t-1")
    for _ in range(pieces):
        try:
            scene.hears("message.delta", "t-1", item_id="i", delta="x" * (4 << 20))
        except ChatdocError:
            break
    try:
        scene.hears("turn.completed", "t-1", event_id="end")
    except ChatdocError:
        scene.hears("turn.failed", "t-1", error="too long")
    assert not scene.last.generating
    assert len(scene.last.content) >= 4 << 20


class Odd(Exception):
    """One that cannot be spelled."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_an_error_that_cannot_be_spelled_is_told(scene: Scene) -> None:
    """By its kind; the next request goes on."""
    reactor, scribe = react(scene)

    def refuse(*_: object, **__: object) -> None:
        raise Odd

    scribe.start_turn = refuse  # type: ignore[method-assign]
    asks(scene, "1")
    reactor.catch_up()
    assert scene.activities[-1][0] == "provider.turn.start.failed"
    assert "Odd" in scene.activities[-1][2]


def test_a_reactor_whose_log_was_compacted_goes_on(scene: Scene) -> None:
    """What waits is handed over; what was asked besides and is folded away is nobody's request any more."""
    reactor, _ = react(scene)
    first = asks(scene, "1")
    reactor.close()
    scene.hears("session.started", provider_session_id="s")
    scene.document.log.compact(dry_run=False)
    scribe = Scribe()
    again = type(reactor)(scene.document, scribe, name="codex")
    again.catch_up()
    assert scribe.calls == [("start_turn", first)]
    scene.document.agents.stop_session(scene.thread)
    again.catch_up()
    assert scribe.calls[1:] == [("stop_session", scene.thread)]


def test_a_thread_that_was_deleted_starts_no_turn(scene: Scene) -> None:
    """Also where one waited."""
    reactor, scribe = react(scene)
    asks(scene, "1")
    scene.document.delete_thread(scene.thread, deleted_by="ada")
    reactor.catch_up()
    assert scribe.calls == []
