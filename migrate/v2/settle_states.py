"""A thread's state names a message of it and agrees with that message; a thread an agent worked in has a config."""

from __future__ import annotations

import msgspec

from chatdoc.model.clock import ms_of
from chatdoc.model.facts import MarkFact, SettingFact, StateFact
from chatdoc.model.ids import Stamp, ThreadId, derive, time_ms
from chatdoc.model.records.thread_state import TERMINAL
from chatdoc.model.view.view import View
from migrate.v2.repair_external import BY, ExternalRepair

TURN = "acp_started_at_ms"
"""The field of a message that a turn of ours leaves."""
TRACES = ("acp_thread_id", "acp_usage", "acp_interrupted")
"""Fields that only an agent leaves."""


def settle_states(repair: ExternalRepair) -> None:
    """A corrected state is stamped before the one it stands for, so the real one wins where the two meet."""
    for thread_id in sorted(repair.view.states):
        # The one that holds then may be another one, and no better.
        while _is_corrected(repair, thread_id):
            pass


def _is_corrected(repair: ExternalRepair, thread_id: str) -> bool:
    """Correct the state that holds, or find that it is sound."""
    view = repair.view
    fact = view.states[thread_id][-1]
    active = fact.active_message_id
    if active is None:
        return False
    if view.thread_of(active) != thread_id:
        extra = {**(fact.extra or {}), "missing_active_message_id": active}
        repair.replace(fact, _before(fact, active_message_id=None, extra=extra))
        repair.say("dangling_active_message", thread_id, f"its state names {active}", "it names nothing")
        return True
    generating = view.field(active, "generating") is True
    if fact.state == "running" and not generating:
        repair.replace(fact, _before(fact, state="interrupted"))
        found = f"its state is running, and message {active} is finished"
        repair.say("finalize_mismatch", thread_id, found, "it was interrupted")
        return True
    if fact.state in TERMINAL and generating:
        mark = view.mark(active, "generating")
        ms = time_ms(mark.stamp) + 1 if mark else ms_of(view.headers[active].date)
        stamp = Stamp(derive("repair", ms, active, "generating", "False"))
        repair.add(MarkFact(message_id=active, field="generating", stamp=stamp, value=False, by=BY))
        found = f"its state is {fact.state}, and message {active} is generating"
        repair.say("finalize_mismatch", thread_id, found, "the message is finished")
    return False


def settle_configs(repair: ExternalRepair, guessed: frozenset[str]) -> None:
    """The default is written down where an agent left traces and no config says anything.

    A thread that only our turns were in needs none: without a config it has the defaults, and its text stays as it is.
    """
    view = repair.view
    guessed |= {fact.stamp for fact in repair.added if isinstance(fact, StateFact)}
    traced = {view.headers[one].thread_id for one in view.headers if _has_traces(view, one)}
    for thread_id in sorted(traced | {ThreadId(one) for one in view.states}):
        fact = view.thread_facts.get(thread_id)
        if fact is None or view.has_config(thread_id) or _is_ours(view, thread_id, guessed):
            continue
        stamp = Stamp(derive("setting", ms_of(fact.created_at), thread_id, "pin", "false"))
        repair.add(SettingFact(thread_id=thread_id, field="pin", stamp=stamp, value=False, by=BY))
        repair.say(
            "missing_thread_config", thread_id, "an agent worked here, and no config is left", "pin is false"
        )


def _is_ours(view: View, thread_id: str, guessed: frozenset[str]) -> bool:
    """Whether every trace of an agent in a thread has a stamp that a program like this one gave it."""
    states = view.states.get(thread_id, ())
    if any(state.stamp in guessed for state in states):
        return False
    for message_id in view.messages_of(thread_id):
        if _has_traces(view, message_id) and view.field(message_id, TURN) is None:
            return False
    return True


def _has_traces(view: View, message_id: str) -> bool:
    header = view.headers[message_id]
    if header.fields is None and message_id not in view.marks and message_id not in view.header_variants:
        return False
    return any(view.field(message_id, name) not in (None, False) for name in TRACES)


def _before(fact: StateFact, **changes: object) -> StateFact:
    changed: StateFact = msgspec.structs.replace(fact, **changes)
    ms = max(time_ms(fact.stamp) - 1, 0)
    stamp = Stamp(derive("state", ms, fact.thread_id, changed.state, changed.active_message_id or ""))
    return msgspec.structs.replace(changed, stamp=stamp)
