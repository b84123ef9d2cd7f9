"""What an agent says after its turn was ended, superseded or cut off is kept, and settles nobody else's turn."""

from __future__ import annotations

from tests.apps.provider.scene import Scene
from tests.event_view.workplace import opened


def test_agent_that_goes_on_after_somebody_interrupted_is_heard(scene: Scene) -> None:
    """All it says until it ends is kept in one text; the session is ready again, unless another turn runs."""
    scene.hears("turn.started", "t-1")
    scene.hears("message.delta", "t-1", delta="one ")
    message_id = scene.last.message_id
    scene.ingestion.flush()
    scene.document.agents.interrupt(scene.thread, message_id, by="ada")
    for piece in ("two ", "three"):
        scene.hears("message.delta", "t-1", delta=piece)
        scene.ingestion.flush()
    scene.hears("turn.completed", "t-1")
    message = scene.document.message(message_id)
    assert (message.content, message.acp_interrupted) == ("one two three", True)
    assert scene.session == ("ready", None)


def test_late_end_of_a_turn_leaves_the_next_one_running(scene: Scene) -> None:
    """Interrupt, then send at once: what the old turn still says does not settle the new one."""
    scene.hears("turn.started", "t-1")
    scene.document.agents.interrupt(scene.thread, scene.last.message_id, by="ada")
    scene.hears("turn.started", "t-2")
    scene.hears("turn.completed", "t-1")
    assert scene.session == ("running", None)
    scene.hears("turn.completed", "t-2")
    assert [status for status, _ in scene.turns] == ["interrupted", "completed"]


def test_turn_that_begins_completes_the_one_before(scene: Scene) -> None:
    """Its agent forgot to say so; the end it tells later changes nothing, and what it still says whole is kept."""
    scene.hears("message.delta", "t-1", delta="one")
    scene.hears("turn.started", "t-2")
    assert [status for status, _ in scene.turns] == ["completed", "running"]
    scene.hears("message.completed", "t-1", text="one and more")
    scene.hears("turn.completed", "t-1")
    assert scene.session == ("running", None)
    assert scene.document.messages(scene.thread)[1].content == "one and more"
    scene.hears("turn.completed", "t-2")


def test_text_of_a_turn_that_was_cut_off_comes_back_whole(scene: Scene) -> None:
    """After a restart the whole of a message is added where it was cut; streamed pieces alone add nothing."""
    scene.hears("turn.started", "t-1")
    scene.hears("message.delta", "t-1", delta="half", item_id="a")
    scene.restart()
    assert scene.last.acp_interrupted is True
    assert scene.hears("message.delta", "t-1", delta=" of it", item_id="a") is False
    assert scene.last.content == "half"
    assert scene.hears("message.completed", "t-1", text="half of it", item_id="a") is True
    assert scene.hears("message.completed", "t-1", text="half of it", item_id="a") is False
    assert scene.last.content == "half of it"


def test_text_that_was_not_streamed_right_survives_a_close(scene: Scene) -> None:
    """The whole text of an item is kept although its turn was never completed."""
    scene.hears("message.delta", "t-1", item_id="a", delta="teh")
    scene.hears("message.completed", "t-1", item_id="a", text="the")
    scene.restart()
    assert "the" in [one.content for one in scene.last.history]


def test_who_was_interrupted_by_a_closed_document_is_found_by_the_next(scene: Scene) -> None:
    """A document closed before its ingestion writes what was gathered; nothing of it is lost."""
    scene.hears("turn.started", "t-1")
    scene.hears("message.delta", "t-1", delta="half")
    scene.document.close()
    scene.document = opened(scene.folder, seed=5)
    scene.ingestion = type(scene.ingestion)(scene.document)
    assert scene.last.content == "half"
