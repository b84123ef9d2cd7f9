"""Facts as a client writes them: root, path before the digest, canonical text."""

from __future__ import annotations

from chatdoc.crdt.keys import encode
from chatdoc.model.facts import Fact, Header, MarkFact, PieceFact, ThreadFact
from chatdoc.model.ids import MessageId, Stamp, ThreadId

THREAD = ThreadId("01M8J4VHWACFE3DNJAKQVE203F")
ROOT = MessageId("01M8J4VHWACFE3DNJAKQVE203G")
STAMP = Stamp("01M8J4VHWACFE3DNJAKQVE203H")
_DATE = "2026-11-28T22:36:46.858Z"


def spelled(fact: Fact) -> list[str]:
    """A fact for the orders `fact` and `facts`."""
    root, key, text = encode(fact)
    return [root, key[: key.rindex("/") + 1] if "/" in key else "", text]


def message(number: int, *, sender_id: str = "ada", content: str | None = None) -> list[str]:
    """A reply in the thread."""
    return spelled(
        Header(
            message_id=message_id(number),
            thread_id=THREAD,
            sender_id=sender_id,
            date=_DATE,
            reply_to_message_id=ROOT,
            content=f"message {number}" if content is None else content,
        )
    )


def message_id(number: int) -> MessageId:
    """The id of the message of a number."""
    return MessageId(f"01M8J4W{number:019d}")


def thread(*, sender_id: str = "ada") -> list[list[str]]:
    """The thread and its root message."""
    made = ThreadFact(thread_id=THREAD, created_at=_DATE, created_by=sender_id, root_message_id=ROOT)
    root = Header(message_id=ROOT, thread_id=THREAD, sender_id=sender_id, date=_DATE, content="the root")
    return [spelled(made), spelled(root)]


def piece(number: int, seq: int, text: str) -> list[str]:
    """A piece of a streaming answer."""
    return spelled(PieceFact(message_id=message_id(number), seq=seq, text=text))


def deleted(number: int, by: str) -> list[str]:
    """The mark that deletes a message."""
    return spelled(
        MarkFact(message_id=message_id(number), field="deleted", stamp=STAMP, value={"at": _DATE}, by=by)
    )
