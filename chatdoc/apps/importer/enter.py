"""Facts and activities of an import enter a document through one door, in one transaction, and twice is once."""

from __future__ import annotations

from collections.abc import Sequence

from chatdoc.document import Document
from chatdoc.model.commands.activities import AppendActivity
from chatdoc.model.facts import Fact, Header, ThreadFact
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view.view import View
from migrate.session.thread_state import Activity

ORIGIN = "import"


def enter(document: Document, facts: Sequence[Fact], activities: Sequence[Activity]) -> int:
    """Write what the document does not have yet; returns how many facts were offered and not known.

    A message or thread that is there keeps its first row: a log that was written again says it with other times.
    """
    view = document.view
    fresh = [fact for fact in facts if not _is_there(view, fact)]

    def work() -> None:
        if fresh:
            document.engine.enter(fresh, origin=ORIGIN)
        for one in activities:
            document.execute(_command(one))

    document.group.together(work)
    return len(fresh)


def _command(one: Activity) -> AppendActivity:
    return AppendActivity(
        thread_id=ThreadId(one.thread),
        kind=one.kind,
        summary=one.summary,
        tone="error" if one.failed else "tool",
        payload=one.payload,
        turn_id=None if one.turn_id is None else MessageId(one.turn_id),
        activity_id=one.activity_id,
        created_at=one.created_at,
    )


def _is_there(view: View, fact: Fact) -> bool:
    match fact:
        case Header():
            return fact.message_id in view.headers
        case ThreadFact():
            return fact.thread_id in view.thread_facts
        case _:
            return False
