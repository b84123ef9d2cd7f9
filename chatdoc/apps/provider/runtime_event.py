"""What an agent process says is told in one form, whichever agent it is; what it really said travels along.

| type | payload |
| --- | --- |
| `session.started`, `thread.started` | `resumeCursor`? |
| `session.exited` | `reason`? (`error` when it was none of its own will) |
| `turn.started` | `messageId`? (what it answers; else what waits first), `automationId`? |
| `turn.completed`, `turn.aborted`, `turn.failed`, … | `status`? (`completed`, `failed`, …), `error`?, `usage`? |
| `message.delta` | `delta` |
| `message.completed` | `text`? |
| `runtime.error` | `message`, `willRetry`? |
| `checkpoint.captured` | `turnCount`, `checkpointRef`, `status`?, `files`?, `diff`? |
| `approval.requested` | `requestId`, `summary`?, `expiresAt`? |
| `approval.resolved` | `requestId`, `decision`? |
| `tool.started`, `tool.completed` and all others | `summary`?, and what there is to say |
"""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.arguments import require_name, require_text, require_value
from chatdoc.model.clock import ms_of
from chatdoc.model.commands.stable_id import stable_id
from chatdoc.model.commands.turn_states import state_of_turn
from chatdoc.model.errors import CommandRefused
from chatdoc.model.ids import CommandId, MessageId, derive, is_id
from chatdoc.model.view.view import View

_SAID = ("event_id", "type", "provider", "thread_id", "created_at")
_PERHAPS_SAID = (
    "turn_id",
    "item_id",
    "provider_session_id",
    "provider_thread_id",
    "provider_turn_id",
    "provider_item_id",
)


class RuntimeEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing an agent process said.

    `event_id` is given where the event arises, from what it says, and is the same whenever it is delivered: an id that
    is drawn at delivery makes an event new each time.
    """

    event_id: str
    type: str
    provider: str
    thread_id: str
    """A thread of the document; never an id of the provider."""
    created_at: str
    turn_id: str | None = None
    """The message of the turn where the agent was told it, else what the agent calls the turn."""
    item_id: str | None = None
    payload: dict[str, Any] = {}
    provider_session_id: str | None = None
    provider_thread_id: str | None = None
    provider_turn_id: str | None = None
    provider_item_id: str | None = None
    raw: Any = None
    """What the agent process really said."""

    def key(self, step: str) -> CommandId:
        """The command id of one step of what this event asks for; the same whenever the event is delivered."""
        return stable_id(f"provider:{self.provider}", self.thread_id, self.event_id, step)

    def metadata(self) -> dict[str, Any]:
        """What an event of the log says besides: the names its provider uses."""
        return {
            "adapterKey": self.provider,
            "providerSessionId": self.provider_session_id,
            "providerThreadId": self.provider_thread_id,
            "providerTurnId": self.provider_turn_id,
            "providerItemId": self.provider_item_id,
        }

    def text(self, name: str) -> str:
        """A text of the payload, empty where it has none; raises CommandRefused for anything else."""
        value = self.payload.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise CommandRefused(
                f"{self.type} {self.event_id}: expected payload.{name} to be a text, got {type(value).__name__}"
            )
        return value

    @property
    def names_turn(self) -> bool:
        """Whether it says which turn it belongs to."""
        return bool(self.turn_id or self.provider_turn_id)

    @property
    def turn(self) -> str:
        """What the turn is called; raises CommandRefused where nothing is said."""
        name = self.turn_id or self.provider_turn_id
        if not name:
            raise CommandRefused(
                f"{self.type} {self.event_id} names no turn", hint="Give turn_id or provider_turn_id"
            )
        return name


def require_sound(event: object) -> None:
    """Raise CommandRefused unless each field is of its kind: what came from a process may hold anything."""
    if not isinstance(event, RuntimeEvent):
        raise CommandRefused(f"expected a RuntimeEvent, got {type(event).__name__}")
    for name in _SAID:
        require_name(name, getattr(event, name))
    for name in _PERHAPS_SAID:
        if (value := getattr(event, name)) is not None:
            require_text(name, value)
    if not isinstance(event.payload, dict):
        raise CommandRefused(
            f"{event.type} {event.event_id}: expected payload to be a dict, got {type(event.payload).__name__}"
        )
    require_value("payload", event.payload)


def message_of(event: RuntimeEvent, view: View) -> MessageId:
    """The message of the turn an event belongs to: the one it names, else one whose id follows from the turn's name.

    Raises CommandRefused for a message that is no turn of this agent: what somebody else wrote is not its to say.
    """
    if (
        event.turn_id is not None
        and is_id(event.turn_id)
        and view.thread_of(event.turn_id) == event.thread_id
    ):
        message_id = MessageId(event.turn_id)
        sender = view.headers[message_id].sender_id
        if sender != event.provider or state_of_turn(view, message_id) == "idle":
            raise CommandRefused(
                f"{event.type} {event.event_id}: turn_id names message {message_id}, expected a turn of"
                f" {event.provider}",
                hint="Give the message of the answer, or what the agent calls the turn; what is answered is messageId",
            )
        return message_id
    thread = view.thread_facts.get(event.thread_id)
    return MessageId(derive("turn", _began_ms(thread), event.provider, event.thread_id, event.turn))


def _began_ms(thread: Any) -> int:
    try:
        return 0 if thread is None else ms_of(thread.created_at)
    except ValueError:
        return 0
