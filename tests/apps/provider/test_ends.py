"""A turn is over when its protocol says so, whatever the word; a word that nobody knows is counted and warned about."""

from __future__ import annotations

import logging
import sys
import threading

import pytest

from chatdoc.apps.provider.kinds import KINDS_MAX, OTHERS, SESSION_ENDS, TURN_ENDS
from chatdoc.apps.provider.session_steps import running_in
from chatdoc.model.errors import CommandRefused
from chatdoc.model.ids import MessageId
from chatdoc.model.view.view import View
from tests.apps.provider.scene import Scene

STANDS = {
    "completed": "complete",
    "failed": "error",
    "interrupted": "interrupted",
    "cancelled": "interrupted",
}


@pytest.mark.parametrize("kind", TURN_ENDS)
@pytest.mark.parametrize("named", [True, False])
def test_every_kind_that_ends_a_turn_ends_it(scene: Scene, kind: str, named: bool) -> None:
    """With what was said so far; named or not, for only one turn runs in a thread. The next one can begin."""
    scene.hears("turn.started", "t-1")
    scene.hears("message.delta", "t-1", delta="half")
    assert scene.hears(kind, "t-1" if named else None, reason="user pressed stop")
    state = scene.document.state(scene.thread)
    assert state is not None
    assert state.state == STANDS[TURN_ENDS[kind]]
    assert scene.last.content.startswith("half")
    assert not scene.last.generating
    scene.hears("turn.started", "t-2")
    assert scene.last.generating
    assert scene.ingestion.unknown_kinds == {}


@pytest.mark.parametrize("kind", sorted(SESSION_ENDS))
def test_every_kind_that_ends_a_session_ends_its_turns(scene: Scene, kind: str) -> None:
    """No turn runs on without its session."""
    scene.hears("message.delta", "t-1", delta="half")
    scene.hears(kind)
    assert (scene.last.generating, scene.session) == (False, ("stopped", None))


@pytest.mark.parametrize(
    ("status", "stands"),
    [("success", "complete"), ("Succeeded", "complete"), ("error", "error"), ("aborted", "interrupted"),
     ("canceled", "interrupted")],
)  # fmt: skip
def test_agents_have_several_words_for_an_end(scene: Scene, status: str, stands: str) -> None:
    """`payload.status` is read as they mean it."""
    scene.hears("message.delta", "t-1", delta="half")
    scene.hears("turn.completed", "t-1", status=status)
    state = scene.document.state(scene.thread)
    assert state is not None
    assert state.state == stands


def test_an_end_that_cannot_be_read_ends_the_turn_and_is_refused(scene: Scene) -> None:
    """The agent is done with it, whatever it meant: the turn failed, and the thread is free."""
    scene.hears("message.delta", "t-1", delta="half")
    with pytest.raises(CommandRefused, match=r"expected payload\.status"):
        scene.hears("turn.completed", "t-1", status="fine")
    assert not scene.last.generating
    scene.hears("turn.started", "t-2")
    assert scene.last.generating


def test_an_end_without_a_turn_ends_nothing(scene: Scene) -> None:
    """One that nobody began, and one that is named by nobody, leave the thread as it was."""
    scene.hears("turn.aborted", "t-9")
    scene.hears("turn.aborted")
    assert len(scene.document.messages(scene.thread)) == 1


def test_unknown_kinds_are_counted_and_warned_about_once(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is an activity, whatever it is called, and no name of one fills the log or the counters."""
    caplog.set_level(logging.WARNING, logger="chatdoc.provider")
    for _ in range(3):
        scene.hears("turn.evaporated", "t-1")
    scene.hears("tool.started", summary="ls")
    scene.hears("x\x1b[2J" + "y" * 500)
    first, second = scene.ingestion.unknown_kinds.items()
    assert first == ("turn.evaporated", 3)
    assert (len(second[0]), "\x1b" in second[0]) == (80, False)
    warned = [one.getMessage() for one in caplog.records if one.name == "chatdoc.provider"]
    assert len(warned) == 2
    assert "turn.evaporated" in warned[0]
    for number in range(KINDS_MAX + 5):
        scene.hears(f"odd.{number}")
    assert len(scene.ingestion.unknown_kinds) == KINDS_MAX + 1
    assert scene.ingestion.unknown_kinds[OTHERS] == 7


def test_an_end_that_names_no_turn_is_taken_while_turns_of_other_threads_come_and_go() -> None:
    """Which turn it ends is looked up beside those who write; threads are switched as often as can be."""
    view, done = View(), threading.Event()
    view.generating.update(MessageId(f"{number:026}") for number in range(500))

    def write() -> None:
        while not done.is_set():
            view.generating.add(MessageId("other"))
            view.generating.discard(MessageId("other"))

    switched = sys.getswitchinterval()
    writing = threading.Thread(target=write)
    sys.setswitchinterval(1e-6)
    try:
        writing.start()
        assert {running_in(view, "thread") for _ in range(300)} == {None}
    finally:
        done.set()
        writing.join(60)
        sys.setswitchinterval(switched)
