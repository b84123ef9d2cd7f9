"""Which message replies to which: every message is known to reach a root, or known not to.

A message is anchored when its chain of replies, within its thread, ends at one that replies to nothing.
Messages that are not wait, by the id they reply to, and are anchored in one sweep when that message comes.
So a new message is judged by one look at its target, however long the chain above it is.
"""

from __future__ import annotations

from collections.abc import Iterable

from chatdoc.ids import MessageId, ThreadId
from chatdoc.records.facts import Header
from chatdoc.records.touched import Touched
from chatdoc.records.view import View


def link(view: View, message_id: MessageId, touched: Touched) -> None:
    """Enter a message, whose header is in the view, into its thread."""
    header = view.headers[message_id]
    thread_id = header.thread_id
    members = view.members.get(thread_id)
    if members is None:
        view.members[thread_id] = [message_id]
    else:
        members.append(message_id)
    if view.moments is not None:
        view.moments.setdefault(header.date, []).append(message_id)
    target = view.reply_target(message_id)
    if target is None:
        view.roots.setdefault(thread_id, set()).add(message_id)
    elif not _is_anchored(view, target, thread_id):
        view.unanchored.add(message_id)
        view.waiting.setdefault(target, set()).add(message_id)
        return
    if message_id in view.waiting:
        _anchor_those_waiting(view, message_id, thread_id, touched)


def unlink(view: View, message_id: MessageId, touched: Touched) -> None:
    """Take a message out of its thread; those that replied to it lose their anchor."""
    header = view.headers[message_id]
    thread_id = header.thread_id
    members = view.members[thread_id]
    if members[-1] == message_id:
        members.pop()
    else:
        members.remove(message_id)
    if not members:
        del view.members[thread_id]
    if view.moments is not None:
        fellows = view.moments[header.date]
        fellows.remove(message_id)
        if not fellows:
            del view.moments[header.date]
    roots = view.roots.get(thread_id)
    if roots is not None:
        roots.discard(message_id)
        if not roots:
            del view.roots[thread_id]
    _stop_waiting(view, message_id, view.reply_target(message_id))
    children = [one for one in view.members.get(thread_id, ()) if view.reply_target(one) == message_id]
    if children:
        del view.headers[message_id]
        reanchor(view, {thread_id}, touched)
        view.headers[message_id] = header


def reanchor(view: View, thread_ids: Iterable[ThreadId], touched: Touched) -> None:
    """Find out anew, for whole threads, which messages are anchored; for the rare case that one was moved."""
    for thread_id in thread_ids:
        members = view.members.get(thread_id, ())
        targets = {message_id: view.reply_target(message_id) for message_id in members}
        children: dict[MessageId, list[MessageId]] = {}
        for message_id, target in targets.items():
            _stop_waiting(view, message_id, target)
            if target is not None:
                children.setdefault(target, []).append(message_id)
        reached = [message_id for message_id, target in targets.items() if target is None]
        for message_id in reached:
            reached.extend(children.get(message_id, ()))
        for message_id in targets.keys() - set(reached):
            target = targets[message_id]
            assert target is not None
            view.unanchored.add(message_id)
            view.waiting.setdefault(target, set()).add(message_id)
        touched.relinked.update(members)


def link_all(view: View, headers: Iterable[Header]) -> None:
    """Enter many messages at once into an empty view, each in constant time; replies may come before their targets."""
    table, members, roots = view.headers, view.members, view.roots
    deep: set[ThreadId] = set()
    for header in headers:
        thread_id = header.thread_id
        present = members.get(thread_id)
        if present is None:
            members[thread_id] = [header.message_id]
        else:
            present.append(header.message_id)
        target = header.reply_to_message_id
        if target is None:
            roots.setdefault(thread_id, set()).add(header.message_id)
        elif thread_id not in deep:
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


def _stop_waiting(view: View, message_id: MessageId, target: MessageId | None) -> None:
    if message_id not in view.unanchored:
        return
    view.unanchored.discard(message_id)
    if target is not None and target in view.waiting:
        view.waiting[target].discard(message_id)
        if not view.waiting[target]:
            del view.waiting[target]
