"""After a text that was edited by hand, every message has a thread, every thread its root, every reply a target.

What is added is the very thing a repair of the living document would write, so it meets nothing but its equal.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chatdoc.clock import ms_of
from chatdoc.ids import MessageId, Stamp, ThreadId, derive, time_ms
from chatdoc.records.facts import Fact, Header, MarkFact, ThreadFact
from chatdoc.records.index import apply
from chatdoc.records.view import View

BY = "chatdoc:repair"
REPLY = "reply_to_message_id"


class Mended(msgspec.Struct, frozen=True, kw_only=True):
    """One anomaly that was mended: its code, the record it is about, what was decided."""

    code: str
    subject: str
    decided: str


def mend(facts: list[Fact], names: Callable[[str], str | None]) -> tuple[list[Fact], list[Mended]]:
    """Facts to add, and what they mend; `names` gives the old name of a derived thread id."""
    view = View()
    apply(view, facts, origin="migration")
    added: list[Fact] = []
    mended: list[Mended] = []

    def add(fact: Fact, code: str, subject: str, decided: str) -> None:
        apply(view, [fact], origin="migration")
        added.append(fact)
        mended.append(Mended(code=code, subject=subject, decided=decided))

    for thread_id in sorted(view.members.keys() - view.thread_facts.keys()):
        fact = _assumed_thread(view, ThreadId(thread_id), names(thread_id))
        add(fact, "missing_thread", thread_id, "its messages gave it a creation date and a root")
    for thread_id, fact in sorted(view.thread_facts.items()):
        if view.thread_of(fact.root_message_id) != thread_id and not view.has_message(fact.root_message_id):
            placeholder = _placeholder(fact)
            add(placeholder, "missing_root", thread_id, f"a placeholder stands at {fact.root_message_id}")
    for thread_id, fact in sorted(view.thread_facts.items()):
        root_id = fact.root_message_id
        if view.thread_of(root_id) == thread_id and view.reply_target(root_id) is not None:
            add(_moved(view, root_id, None), "root_that_replies", root_id, "it replies to nothing now")
    for message_id in _unrooted(view):
        root = view.root_of(view.headers[message_id].thread_id)
        assert root is not None, message_id
        code = "second_root" if view.reply_target(message_id) is None else "invalid_reply_target"
        add(_moved(view, message_id, root), code, message_id, f"it replies to the root {root} now")
    while view.unanchored:
        message_id = min(view.unanchored, key=lambda one: (view.headers[one].date, one))
        root = view.root_of(view.headers[message_id].thread_id)
        if root is None or root == message_id or root in view.unanchored:
            break
        add(_moved(view, message_id, root), "reply_cycle", message_id, f"it replies to the root {root} now")
    return added, mended


def _unrooted(view: View) -> list[MessageId]:
    """Messages that reply to nothing and are no root, or reply to what is not in their thread."""
    found = []
    for message_id, header in view.headers.items():
        target = view.reply_target(message_id)
        root = view.root_of(header.thread_id)
        wrong = message_id != root if target is None else view.thread_of(target) != header.thread_id
        if wrong and root != message_id and root is not None:
            found.append(header.message_id)
    return sorted(found)


def _assumed_thread(view: View, thread_id: ThreadId, old_name: str | None) -> ThreadFact:
    headers = [view.headers[message_id] for message_id in view.members[thread_id]]
    date = min(header.date for header in headers)
    roots = sorted((view.headers[one].date, one) for one in view.roots.get(thread_id, ()))
    root_id = roots[0][1] if roots else MessageId(derive("message", 0, thread_id, "placeholder"))
    return ThreadFact(
        thread_id=thread_id,
        created_at=date,
        created_by="",
        root_message_id=root_id,
        assumed=True,
        extra={"legacy_thread_id": old_name} if old_name else None,
    )


def _placeholder(thread: ThreadFact) -> Header:
    return Header(
        message_id=thread.root_message_id,
        thread_id=thread.thread_id,
        sender_id="",
        date=thread.created_at,
        assumed=True,
        fields={"placeholder": "missing root"},
    )


def _moved(view: View, message_id: MessageId, root: MessageId | None) -> MarkFact:
    present = view.mark(message_id, REPLY)
    ms = time_ms(present.stamp) + 1 if present else ms_of(view.headers[message_id].date)
    stamp = Stamp(derive("repair", ms, message_id, REPLY, str(root)))
    return MarkFact(message_id=message_id, field=REPLY, stamp=stamp, value=root, by=BY)
