"""Where records stand: the threads a delta reaches, the root others may hang on, and whether any of it is guessed."""

from __future__ import annotations

from collections.abc import Collection

from chatdoc.model.delta import Delta
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view.view import View


def threads_of(view: View, message_id: str) -> Collection[ThreadId]:
    """The thread of a message, and those that other copies of its row place it in: it may just have left them."""
    variants = view.header_variants.get(message_id)
    if variants is not None:
        return {variant.thread_id for variant in variants}
    header = view.headers.get(message_id)
    return () if header is None else (header.thread_id,)


def is_elsewhere(view: View, thread_id: str, message_id: str) -> bool:
    """Whether a copy of a message's row places it in the thread, and the one that is shown in another."""
    return view.thread_of(message_id) != thread_id and thread_id in threads_of(view, message_id)


def threads_told(delta: Delta, view: View) -> Collection[str]:
    """Threads whose state came, and those that a message came to, was finished in, or left."""
    subjects: set[str] = set(delta.states)
    for message_id in delta.messages:
        subjects.update(threads_of(view, message_id))
    return subjects


def rerooted(delta: Delta, view: View) -> Collection[ThreadId]:
    """Threads whose identity or named root the delta touched."""
    found = set(delta.threads) if delta.threads else None
    facts, headers, variants = view.thread_facts, view.headers, view.header_variants
    for message_id in delta.messages:
        if message_id in variants:
            thread_ids: Collection[ThreadId] = threads_of(view, message_id)
        elif message_id in headers:
            thread_ids = (headers[message_id].thread_id,)
        else:
            continue
        for thread_id in thread_ids:
            fact = facts.get(thread_id)
            if fact is not None and fact.root_message_id == message_id:
                found = found or set()
                found.add(thread_id)
    return found or ()


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
