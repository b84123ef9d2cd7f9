"""Causal order: a new message's stamp, its date and id, is above every one that its thread shows to its writer.

Clocks run ahead, stand still, and tick alike on two machines; what was written after having seen a message stands
behind it all the same, in every reading of the thread.
"""

from __future__ import annotations

from chatdoc.model.clock import iso, ms_of
from chatdoc.model.ids import STAMP_MS_END, MessageId, ThreadId
from chatdoc.model.view.view import View


def stamp_ms(view: View, thread_id: ThreadId, message_id: MessageId, now_ms: int) -> int:
    """The moment of a new message of this id: now, or the millisecond after the newest one of its thread."""
    newest = view.newest(thread_id)
    if newest is None:
        return now_ms
    date, newest_id = newest
    now = iso(now_ms)
    is_canonical = len(date) == len(now) and date[10] == "T" and date[-1] == "Z"
    if is_canonical and newest < (now, message_id):  # Cheaper than to read the date.
        return now_ms
    try:
        newest_ms = ms_of(date)
    except ValueError:
        return now_ms
    is_above = (now_ms, message_id) > (newest_ms, newest_id)
    return now_ms if is_above or newest_ms + 1 >= STAMP_MS_END else newest_ms + 1
