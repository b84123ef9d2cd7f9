"""A thread that an agent worked in has its config; one without runs with the defaults.

A config cannot be lost here: its facts last, and `fact_rewritten` sees one go. So this only says that nobody ever
configured the thread, as in the first turn of a new one.
"""

from __future__ import annotations

from collections.abc import Iterable

from chatdoc.model.commands.configure_thread import ConfigureThread
from chatdoc.model.commands.repairs import BY
from chatdoc.model.delta import Delta
from chatdoc.model.ids import ThreadId
from chatdoc.model.view.view import View
from invariants.rule import Rule, Violation
from invariants.standing import threads_of

TRACES = ("acp_thread_id", "acp_usage", "acp_interrupted")
"""Fields of a message that only an agent's turn leaves."""


def every(view: View) -> Iterable[str]:
    """Threads with a state, and those of messages that ever had a field an agent leaves."""
    found: set[str] = set(view.states)
    for header in view.headers.values():
        if header.fields is not None and not header.fields.keys().isdisjoint(TRACES):
            found.add(header.thread_id)
    for message_id in (*view.header_variants, *view.marks):
        if _may_have_traces(view, message_id):
            found.update(threads_of(view, message_id))
    return found


def touched_by(delta: Delta, view: View) -> Iterable[str]:
    """Threads whose identity, config or state came, and those of messages with fields an agent leaves."""
    subjects: set[str] = set()
    if delta.threads or delta.configs or delta.states:
        subjects |= {*delta.threads, *delta.configs, *delta.states}
    for message_id in delta.messages:
        if _may_have_traces(view, message_id):
            subjects.update(threads_of(view, message_id))
    return subjects


def check(view: View, thread_id: str) -> Violation | None:
    """The config may be late; what it said nobody can guess, so the repair only makes a default explicit."""
    if thread_id not in view.thread_facts or view.has_config(thread_id):
        return None
    if thread_id not in view.states and not any(
        _has_traces(view, message_id) for message_id in reversed(view.messages_of(thread_id))
    ):
        return None
    return Violation(
        code="missing_thread_config",
        subject=thread_id,
        detail="an agent worked in this thread, and it has no config",
        severity="diagnostic",
        repair=ConfigureThread(thread_id=ThreadId(thread_id), updated_by=BY, config={"pin": False}),
    )


def _may_have_traces(view: View, message_id: str) -> bool:
    header = view.headers.get(message_id)
    if header is None:
        return False
    if header.fields is None and message_id not in view.marks and message_id not in view.header_variants:
        return False
    sources = [one.fields or {} for one in view.variants_of_message(message_id)]
    return any(field in source for source in (*sources, view.marks.get(message_id, {})) for field in TRACES)


def _has_traces(view: View, message_id: str) -> bool:
    return _may_have_traces(view, message_id) and any(
        view.field(message_id, field) not in (None, False) for field in TRACES
    )


MISSING_THREAD_CONFIG = Rule(
    code="missing_thread_config",
    promise="A thread that an agent worked in has its config; one without runs with the defaults.",
    kind="diagnostic",
    metric="chat.integrity.missing_thread_config",
    watches=("threads", "messages", "configs", "states"),
    every=every,
    touched_by=touched_by,
    check=check,
)
