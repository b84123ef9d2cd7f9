"""Where records stand: the threads a delta reaches, the root others may hang on, and whether any of it is guessed."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from chatdoc.ids import MessageId, ThreadId
from chatdoc.records.delta import Delta
from chatdoc.records.view import View


def threads_of(view: View, message_id: str) -> Collection[ThreadId]:
    """The thread of a message, and those that other copies of its row place it in: it may just have left them."""
    variants = view.header_variants.get(message_id)
    if variants is not None:
        return {variant.thread_id for variant in variants}
    header = view.headers.get(message_id)
    return () if header is None else (header.thread_id,)


def rerooted(delta: Delta, view: View) -> Iterator[ThreadId]:
    """Threads whose identity or named root the delta touched."""
    yield from delta.threads
    facts = view.thread_facts
    for message_id in delta.messages:
        for thread_id in threads_of(view, message_id):
            fact = facts.get(thread_id)
            if fact is not None and fact.root_message_id == message_id:
                yield thread_id


def anchor(view: View, thread_id: str) -> MessageId | None:
    """The message a repair may hang others on: the root the thread names, present and replying to nothing."""
    fact = view.thread_facts.get(thread_id)
    if fact is None:
        return None
    root = fact.root_message_id
    return root if root in view.roots.get(thread_id, ()) else None


def certain(view: View, thread_id: str, *message_ids: str) -> bool:
    """Whether neither the thread nor any of these messages was inferred; what was may yet be told otherwise."""
    fact = view.thread_facts.get(thread_id)
    return fact is not None and not fact.assumed and not any(view.headers[one].assumed for one in message_ids)
