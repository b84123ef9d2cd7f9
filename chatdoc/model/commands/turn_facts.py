"""The facts a turn is made of: marks and states above those that hold, and what they leave behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from chatdoc.model.arguments import equal
from chatdoc.model.clock import iso
from chatdoc.model.commands.plan import Now
from chatdoc.model.facts import Fact, MarkFact, PieceFact, StateFact
from chatdoc.model.ids import MessageId, Stamp, ThreadId
from chatdoc.model.records.thread_state import State
from chatdoc.model.view.view import View


def marks(view: View, now: Now, message_id: MessageId, by: str, **fields: Any) -> Iterator[MarkFact]:
    """A mark for each field whose value differs from the present one, in the order given."""
    for field, value in fields.items():
        present = view.mark(message_id, field)
        if equal(view.field(message_id, field), value):
            continue
        stamp = Stamp(now.ids.mint(above=present.stamp if present else ""))
        yield MarkFact(message_id=message_id, field=field, stamp=stamp, value=value, by=by)


def state(
    view: View, now: Now, thread_id: ThreadId, name: State, active: MessageId | None
) -> Iterator[StateFact]:
    """A thread's state, unless it is that already."""
    facts = view.states.get(thread_id)
    last = facts[-1] if facts else None
    if last is not None and (last.state, last.active_message_id) == (name, active):
        return
    yield StateFact(
        thread_id=thread_id,
        stamp=Stamp(now.ids.mint(above=last.stamp if last else "")),
        state=name,
        updated_at=iso(now.ms),
        active_message_id=active,
    )


def leftovers(view: View, new: Iterable[Fact]) -> Iterator[Fact]:
    """The marks and states that these new facts supersede.

    Those that others superseded are left: a peer may hear of their removal before it hears why, and put them back.
    """
    for fact in new:
        match fact:
            case MarkFact():
                yield from view.marks.get(fact.message_id, {}).get(fact.field, ())
            case StateFact():
                yield from view.states.get(fact.thread_id, ())


def pieces_of(view: View, message_id: MessageId) -> Iterator[PieceFact]:
    """Every piece of a message, in order."""
    for seq in sorted(view.pieces.get(message_id, ())):
        for text in view.texts_of_piece(message_id, seq):
            yield PieceFact(message_id=message_id, seq=seq, text=text)
