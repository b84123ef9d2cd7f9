"""Facts and activities of an import enter a document through one door, in one transaction, and twice is once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

from chatdoc.document import Document
from chatdoc.model.clock import iso, ms_of
from chatdoc.model.commands.activities import AppendActivity
from chatdoc.model.facts import Fact, Header, RevisionFact, ThreadFact
from chatdoc.model.ids import MessageId, RevisionId, ThreadId, derive
from chatdoc.model.view.view import View
from migrate.session.thread_state import Activity

ORIGIN = "import"


def enter(document: Document, facts: Sequence[Fact], activities: Sequence[Activity]) -> int:
    """Write what the document does not have yet; returns how many facts were offered and not known.

    A message or thread that is there keeps its first row: a log that was written again says it with other times. What
    it says with another text is its next revision.
    """
    fresh = list(_fresh(document.view, facts))

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


def _fresh(view: View, facts: Sequence[Fact]) -> Iterator[Fact]:
    """What is not known of facts; of those that come together the first row of each message and thread is its own."""
    said: dict[MessageId, dict[str, int]] = {}
    threads: set[ThreadId] = set()
    for fact in facts:
        if isinstance(fact, ThreadFact):
            if fact.thread_id not in view.thread_facts and fact.thread_id not in threads:
                threads.add(fact.thread_id)
                yield fact
        elif isinstance(fact, Header):
            known = said.get(fact.message_id)
            if known is None:
                known = said[fact.message_id] = _said_in(view, fact.message_id)
            if not known:
                yield fact
            elif fact.content not in known:
                yield _next_revision(fact, known)
            known.setdefault(fact.content, ms_of(fact.date))
        else:
            yield fact


def _said_in(view: View, message_id: MessageId) -> dict[str, int]:
    """Every text that a message has ever had, and when; none where it is not there."""
    if message_id not in view.headers:
        return {}
    rows = [*view.variants_of_message(message_id), *view.revisions.get(message_id, ())]
    return {one.content: ms_of(one.date) for one in rows}


def _next_revision(fact: Header, known: dict[str, int]) -> RevisionFact:
    """What a record says when it was written again: later than what it said before, whose date it may repeat."""
    first = next(iter(known.values()))
    ms = max(first, ms_of(fact.date)) + len(known)
    digest = sha256(fact.content.encode("utf-8", "surrogatepass")).hexdigest()
    return RevisionFact(
        message_id=fact.message_id,
        revision_id=RevisionId(derive("written again", ms, fact.message_id, digest)),
        author_id=fact.sender_id,
        content=fact.content,
        date=iso(ms),
    )
