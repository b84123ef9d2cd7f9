"""Facts of one session's thread, written with derived ids and with stamps that rise with the position in the log."""

from __future__ import annotations

from typing import Any

from chatdoc.model.clock import iso, ms_of
from chatdoc.model.facts import Header, MarkFact, SettingFact
from chatdoc.model.ids import STAMP_MS_END, MessageId, Stamp, derive
from migrate.session.item import Item
from migrate.session.thread_state import Activity, ThreadState, Woven

_SETTINGS = {
    "model": "acp_config.model",
    "effort": "acp_config.reasoning",
    "cwd": "acp_config.workingDirectory",
    "sessionId": "acp_config.sessionId",
    "name": "name",
}


class ThreadFacts:
    """Writes facts of one session into what was woven; the clock of its state rises with every call of `tick`."""

    def __init__(self, state: ThreadState, woven: Woven) -> None:
        self.state = state
        self.woven = woven

    def header(
        self,
        message_id: MessageId,
        sender: str,
        text: str,
        ms: int,
        fields: dict[str, Any],
        *,
        reply: bool = True,
    ) -> None:
        """A message of the thread."""
        self.state.messages += 1
        self.woven.facts.append(
            Header(
                message_id=message_id,
                thread_id=self.state.thread_id,
                sender_id=sender,
                date=iso(ms),
                reply_to_message_id=self.id("root") if reply else None,
                content=text,
                fields=fields or None,
            )
        )

    def mark(self, message_id: MessageId, field: str, value: Any, ms: int) -> None:
        """The latest value of a field of a message."""
        self.woven.latest[message_id, field] = MarkFact(
            message_id=message_id,
            field=field,
            stamp=Stamp(derive("mark", ms, message_id, field)),
            value=value,
            by=self.state.source,
        )

    def set(self, name: str, value: Any) -> None:
        """A setting of the thread, where it differs from what it was."""
        if self.state.settings.get(name) == value:
            return
        self.state.settings[name] = value
        field = _SETTINGS.get(name, f"acp_config.{name}")
        stamp = Stamp(derive("setting", self.state.clock, self.state.thread_id, field, str(value)))
        self.woven.facts.append(
            SettingFact(
                thread_id=self.state.thread_id, field=field, stamp=stamp, value=value, by=self.state.source
            )
        )

    def tell(
        self, key: str, kind: str, summary: str, message_id: str, item: Item, failed: bool = False
    ) -> None:
        """An activity of the event log."""
        self.woven.activities.append(
            Activity(
                activity_id=derive("activity", 0, self.state.source, self.state.session, key),
                thread=self.state.thread_id,
                kind=kind,
                summary=summary,
                failed=failed,
                payload={"callId": item.call, "messageId": message_id, "at": iso(self.state.clock)},
                turn_id=self.state.turn.anchor or None,
                created_at=iso(self.state.clock),
            )
        )

    def id(self, key: str) -> MessageId:
        """The id of the message that a key of the session names."""
        return MessageId(derive("session message", 0, self.state.source, self.state.session, key))

    def tick(self, at: str | None) -> int:
        """The moment of what comes now, later than all before it in this session, whatever its clock said."""
        ms = 0
        if at is not None:
            try:
                ms = ms_of(at)
            except ValueError:
                ms = 0
        self.state.clock = max(self.state.clock + 1, ms if ms < STAMP_MS_END else 0)
        return self.state.clock
