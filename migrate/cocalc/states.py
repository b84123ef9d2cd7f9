"""A thread that was worked in has a state at rest: a file does not run turns."""

from __future__ import annotations

from chatdoc.model.records.thread_state import State
from migrate.cocalc.account import Account
from migrate.cocalc.index import Index
from migrate.cocalc.records import make_state, state_of
from migrate.cocalc.threads import Thread, line_of


def settle_state(thread: Thread, index: Index, account: Account) -> None:
    """Tell the state CoCalc recorded, else the one the messages of an agent show, else none."""
    for further in thread.states[1:]:
        account.keep(line_of(further), "another state of the same thread")
    if thread.states:
        _recorded(thread, index, account)
        return
    if thread.turns:
        # The newest turn decides: one that was left running long ago says nothing about it.
        newest = thread.turns[-1]
        interrupted = newest.fields is not None and newest.fields.get("acp_interrupted") is True
        state: State = "interrupted" if interrupted else "complete"
        account.facts.append(
            # A message whose thread was inferred may have its place in another one.
            make_state(
                thread.thread_id,
                state,
                None if newest.assumed else newest.message_id,
                newest.ms or thread.rooted.ms,
            )
        )


def _recorded(thread: Thread, index: Index, account: Account) -> None:
    record = thread.states[0]
    old = record.text("active_message_id")
    active = index.meant(old, thread.thread_id) if old is not None else None
    if active is not None and active not in {
        thread.rooted.root_id,
        *(one.message_id for one in thread.chats),
    }:
        detail = f"active_message_id {old} is no message of the thread"
        account.note("dangling_active_message", record.number, thread.thread_id, detail, "left out")
        active = None
    fact, decided = state_of(record, active, thread.rooted.ms)
    if decided:
        account.note("state_at_rest", record.number, thread.thread_id, "a file runs no turns", decided)
    account.facts.append(fact)
