"""Date of a message as a moment: since when a turn runs of which nothing else is known."""

from __future__ import annotations

from chatdoc.model.clock import ms_of
from chatdoc.model.ids import MessageId
from chatdoc.model.view.view import View


def begun_at_ms(view: View, message_id: MessageId) -> int:
    """When a message was begun, 0 where its date is none."""
    try:
        return ms_of(view.headers[message_id].date)
    except ValueError:
        return 0
