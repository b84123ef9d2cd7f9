"""A text is written in the first pause, soon enough while there is none, and not at all for nothing."""

from __future__ import annotations

from pathlib import Path

from chatdoc.apps.server.autosave import Autosave
from chatdoc.model.errors import WriteFailed
from chatdoc.serve import Limits
from tests.apps.server.serving import Serving
from tests.apps.server.test_coming_and_going import rooms_of, until

LIMITS = Limits(autosave_s=2.0, autosave_busy_s=20.0)


def test_what_could_not_be_written_is_tried_again() -> None:
    """Though nobody writes any more; and once it is written, nothing is."""
    autosave = Autosave(LIMITS)
    autosave.changed(0.0)
    assert autosave.is_due(2.0)
    autosave.failed(2.0, WriteFailed("the disk is full"))
    assert not autosave.is_due(21.5)
    assert autosave.waits
    assert autosave.is_due(22.0)
    autosave.saved(0.1)
    assert not autosave.waits
    assert not autosave.is_due(1000.0)


def test_a_text_is_written_as_soon_as_it_can_be(tmp_path: Path) -> None:
    """A file that may not be written takes nothing; once it may, it has everything, though nobody is there any more."""
    file = tmp_path / "a.chat"
    limits = Limits(autosave_s=0.05, autosave_busy_s=0.2, idle_close_s=0.1)
    with Serving(tmp_path, limits=limits) as serving:
        thread = serving.command("a.chat", type="create_thread", sender_id="ada", content="one")["record"]
        assert until(lambda: file.exists() and "one" in file.read_text())
        file.chmod(0o444)
        serving.command("a.chat", type="send", thread_id=thread["thread_id"], sender_id="ada", content="two")
        assert until(lambda: "chatdoc_server_unsaved_documents 1.0" in serving.http.get("/metrics").text)
        assert "text not written" in serving.http.get("/debug/a.chat").text
        assert "two" not in file.read_text()
        file.chmod(0o644)
        assert until(lambda: "two" in file.read_text())
        assert until(lambda: "chatdoc_server_unsaved_documents 0.0" in serving.http.get("/metrics").text)
        assert until(lambda: rooms_of(serving) == 0)


def saves(changes: list[float], until: float, *, took_s: float = 0.0) -> list[float]:
    """When it is saved, asked every half second, with changes at these moments."""
    autosave, found, waiting = Autosave(LIMITS), [], list(changes)
    autosave.saved(took_s)
    for step in range(round(until * 2)):
        now = step / 2
        while waiting and waiting[0] <= now:
            autosave.changed(waiting.pop(0))
        if autosave.is_due(now):
            found.append(now)
            autosave.saved(took_s)
    return found


def test_nothing_is_saved_for_nothing() -> None:
    """Without a change there is nothing to write."""
    assert saves([], 100.0) == []


def test_a_change_is_saved_after_a_moment() -> None:
    """Once, however long nobody writes then."""
    assert saves([0.0], 100.0) == [2.0]


def test_a_burst_is_saved_when_it_is_over() -> None:
    """Not in its midst, where each save would hold up the writers."""
    assert saves([step / 10 for step in range(70)], 100.0) == [7.5]


def test_changes_without_end_are_saved_now_and_then() -> None:
    """More rarely where a save takes long."""
    busy = [step / 10 for step in range(3000)]
    assert saves(busy, 120.0) == [22.0, 44.5, 67.0, 89.5, 112.0]
    assert saves(busy, 120.0, took_s=0.5) == [52.0, 104.5]
