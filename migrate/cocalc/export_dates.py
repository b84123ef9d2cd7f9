"""Slot allocation: an exported message has a millisecond of its own, so that software keyed by it shows every one."""

from __future__ import annotations

from chatdoc.model.clock import MS_MAX, iso, ms_of
from chatdoc.model.ids import MessageId
from chatdoc.model.records.message import Message
from chatdoc.model.view.view import View
from migrate.shown_message import is_placeholder

MOVED = "date_before_export"
"""The field of a row that was moved on; it holds the message's own date."""


def export_dates(view: View, messages: list[Message]) -> dict[MessageId, str]:
    """A date for every message, no two the same: its own, or as few milliseconds later as there is room for.

    The order in which a thread is read stays, and roots stand before what replies to them in their millisecond.
    Placeholders, which nobody wrote, take what is left.
    """
    written = [message for message in messages if not is_placeholder(message)]
    places = sorted(_places(view, written))
    slots = [ms for ms, *_ in places]
    last = -1
    for number, ms in enumerate(slots):
        last = slots[number] = max(ms, last + 1)
    # Time ends with the year 9999; what would stand beyond it moves back, and what stands in its way too.
    room = MS_MAX
    for number in range(len(slots) - 1, -1, -1):
        if slots[number] <= room:
            break
        slots[number] = room
        room -= 1
    taken = set(slots)
    dates = {message_id: iso(ms) for (*_, message_id), ms in zip(places, slots, strict=True)}
    for message in messages:
        if is_placeholder(message):
            ms = ms_of(message.date)
            while ms in taken:
                ms = ms + 1 if ms < MS_MAX else 0
            taken.add(ms)
            dates[message.message_id] = iso(ms)
    return dates


def _places(view: View, messages: list[Message]) -> list[tuple[int, bool, int, MessageId]]:
    """Where each message stands among all: by moment, roots first, then as its thread is read, then by id."""
    own = {message.message_id: ms_of(message.date) for message in messages}
    found: list[tuple[int, bool, int, MessageId]] = []
    for thread_id in {message.thread_id: None for message in messages}:
        root, before = view.root_of(thread_id), 0
        for number, message_id in enumerate(view.ordered(thread_id)):
            if message_id not in own:
                continue
            ms = own[message_id]
            if message_id != root:
                before = ms = max(ms, before)
            found.append((ms, message_id != root, number, message_id))
    return found
