"""Which message replies to which: every message is known to reach a root, or known not to.

A message is anchored when its chain of replies, within its thread, ends at one that replies to nothing.
Messages that are not wait, by the id they reply to, and are anchored in one sweep when that message comes.
So a new message is judged by one look at its target, however long the chain above it is.
A message that was moved makes its thread be looked at anew, once, when all facts of the transaction are in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chatdoc.model.delta import Touched
from chatdoc.model.facts import Header
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view.view import View

Leaving = dict[ThreadId, set[MessageId]]
"""Messages that go at once, by thread."""
STEPS_MAX = 1000
"""How far a chain is followed for one message; of a longer one the whole thread is looked at, once a transaction."""


def link(view: View, message_id: MessageId, touched: Touched) -> None:
    """Enter a message, whose header is in the view, into its thread."""
    header = view.headers[message_id]
    members = view.members.get(header.thread_id)
    if members is None:
        view.members[header.thread_id] = [message_id]
    else:
        members.append(message_id)
    if view.moments is not None:
        view.moments.enter(header)
    hang(view, message_id, touched)


def unlink(view: View, message_id: MessageId, leaving: Leaving | None = None) -> None:
    """Take a message, whose header is still in the view, out of its thread; where many go, `unlist` ends it for all."""
    header = view.headers[message_id]
    release(view, message_id)
    if view.moments is not None:
        view.moments.leave(header)
    if leaving is not None:
        leaving.setdefault(header.thread_id, set()).add(message_id)
        view.orders.pop(
            header.thread_id, None
        )  # Its list of members names for a while what has no header any more.
        view.newest_seen.pop(header.thread_id, None)
        return
    members = view.members[header.thread_id]
    view.newest_seen.pop(header.thread_id, None)
    if (order := view.orders.get(header.thread_id)) is not None:
        order.leave(message_id, members)
    if members[-1] == message_id:
        members.pop()
    else:
        members.remove(message_id)
    if not members:
        del view.members[header.thread_id]


def unlist(view: View, leaving: Leaving) -> None:
    """Take messages that were unlinked from the lists of their threads, each list gone through once."""
    for thread_id, gone in leaving.items():
        view.members[thread_id] = [one for one in view.members[thread_id] if one not in gone]
        if not view.members[thread_id]:
            del view.members[thread_id]


def hang(view: View, message_id: MessageId, touched: Touched) -> None:
    """Judge a message of a thread by what it replies to; those that waited for it are anchored with it."""
    thread_id = view.headers[message_id].thread_id
    target = view.reply_target(message_id)
    if target is None:
        view.roots.setdefault(thread_id, set()).add(message_id)
    elif target == message_id or not _is_anchored(view, target, thread_id):
        _wait(view, message_id, target)
        if message_id in view.waiting and thread_id not in touched.moved:
            _look_for_loop(view, message_id, thread_id, touched)
        return
    if message_id in view.waiting:
        _anchor_those_waiting(view, message_id, thread_id, touched)


def release(view: View, message_id: MessageId) -> None:
    """Forget what a message hangs on, before that changes."""
    thread_id = view.headers[message_id].thread_id
    roots = view.roots.get(thread_id)
    if roots is not None:
        roots.discard(message_id)
        if not roots:
            del view.roots[thread_id]
    _stop_waiting(view, message_id, view.reply_target(message_id))


def has_replies(view: View, message_id: MessageId) -> bool:
    """Whether any message of the same thread replies to this one; looks at the whole thread."""
    members = view.members.get(view.headers[message_id].thread_id, ())
    return any(view.reply_target(one) == message_id for one in members)


def reanchor(view: View, thread_ids: Iterable[ThreadId], touched: Touched) -> None:
    """Find out anew, for whole threads, which messages are anchored and which reply in a circle."""
    for thread_id in thread_ids:
        targets = {
            message_id: view.reply_target(message_id) for message_id in view.members.get(thread_id, ())
        }
        before: dict[MessageId, MessageId | None] = {}
        children: dict[MessageId, list[MessageId]] = {}
        for message_id, target in targets.items():
            if message_id in view.unanchored:
                before[message_id] = view.looped.get(message_id)
                _stop_waiting(view, message_id, target)
            if target is not None:
                children.setdefault(target, []).append(message_id)
        reached = [message_id for message_id, target in targets.items() if target is None]
        for message_id in reached:
            reached.extend(children.get(message_id, ()))
        astray = {
            one: target for one in targets.keys() - set(reached) if (target := targets[one]) is not None
        }
        for message_id, target in astray.items():
            _wait(view, message_id, target)
        _find_loops(view, astray)
        after = {message_id: view.looped.get(message_id) for message_id in astray}
        touched.relinked.update(one for one, _ in before.items() ^ after.items())


def link_all(view: View, headers: Iterable[Header]) -> None:
    """Enter many messages at once into an empty view, each in constant time; replies may come before their targets."""
    table, members, roots, generating = view.headers, view.members, view.roots, view.generating
    deep: set[ThreadId] = set()
    # Neighbours mostly are of one thread and reply to one message, so what was found for the last one is kept.
    thread_id: ThreadId | None = None
    target: MessageId | None = None
    present: list[MessageId] = []
    for header in headers:
        if header.thread_id != thread_id:
            thread_id, target = header.thread_id, None
            present = members.setdefault(thread_id, [])
        present.append(header.message_id)
        if header.fields is not None and header.fields.get("generating") is True:
            generating.add(header.message_id)
        if header.reply_to_message_id is None:
            roots.setdefault(thread_id, set()).add(header.message_id)
        elif header.reply_to_message_id != target:
            target = header.reply_to_message_id
            above = table.get(target)
            if above is None or above.thread_id != thread_id or above.reply_to_message_id is not None:
                deep.add(thread_id)
    reanchor(view, deep, Touched())


def _is_anchored(view: View, target: MessageId, thread_id: ThreadId) -> bool:
    above = view.headers.get(target)
    return above is not None and above.thread_id == thread_id and target not in view.unanchored


def _anchor_those_waiting(view: View, message_id: MessageId, thread_id: ThreadId, touched: Touched) -> None:
    anchored = [message_id]
    for one in anchored:
        waiting = view.waiting.get(one, ())
        for child in [child for child in waiting if view.headers[child].thread_id == thread_id]:
            _stop_waiting(view, child, one)
            anchored.append(child)
            touched.relinked.add(child)


def _wait(view: View, message_id: MessageId, target: MessageId) -> None:
    view.unanchored.add(message_id)
    view.waiting.setdefault(target, set()).add(message_id)


def _stop_waiting(view: View, message_id: MessageId, target: MessageId | None) -> None:
    if message_id not in view.unanchored:
        return
    view.unanchored.discard(message_id)
    view.looped.pop(message_id, None)
    if target is not None and target in view.waiting:
        view.waiting[target].discard(message_id)
        if not view.waiting[target]:
            del view.waiting[target]


def _look_for_loop(view: View, message_id: MessageId, thread_id: ThreadId, touched: Touched) -> None:
    """A message that others wait for may close a circle; they are then all that lie on its own chain."""
    chain = [message_id]
    above = view.reply_target(message_id)
    while above != message_id:
        if above is None or above not in view.unanchored or above in view.looped:
            return
        if view.headers[above].thread_id != thread_id:
            return
        if len(chain) == STEPS_MAX:
            touched.moved.add(thread_id)
            return
        chain.append(above)
        above = view.reply_target(above)
    view.looped.update(dict.fromkeys(chain, min(chain)))
    touched.relinked.update(chain)


def _find_loops(view: View, targets: Mapping[MessageId, MessageId]) -> None:
    """Follow every chain once; one that runs into itself is a circle from there on."""
    walked: dict[MessageId, MessageId] = {}
    for start in targets:
        one, chain = start, []
        while one in targets and one not in walked:
            walked[one] = start
            chain.append(one)
            one = targets[one]
        if one in targets and walked[one] == start:
            circle = chain[chain.index(one) :]
            view.looped.update(dict.fromkeys(circle, min(circle)))
