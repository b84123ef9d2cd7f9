"""A text is written in the first pause, soon enough while there is none, and not at all for nothing."""

from __future__ import annotations

from chatdoc.apps.server.autosave import Autosave
from chatdoc.serve import Limits

LIMITS = Limits(autosave_s=2.0, autosave_busy_s=20.0)


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
