"""After a text that was edited by hand, every message has a thread, every thread its root, every reply a target.

What has to be inferred is marked `assumed`, so the real thing goes before it wherever the two meet.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chatdoc.model.clock import ms_of
from chatdoc.model.facts import Fact, Header, MarkFact, ThreadFact
from chatdoc.model.ids import MessageId, Stamp, ThreadId, derive, time_ms
from chatdoc.model.view.apply import apply, canonical, undo
from chatdoc.model.view.view import View

BY = "chatdoc:repair"
REPLY = "reply_to_message_id"


class Repaired(msgspec.Struct, frozen=True, kw_only=True):
    """One anomaly that was mended: its code, the record it is about, what was found and what was decided."""

    code: str
    subject: str
    found: str
    decided: str


class ExternalRepair:
    """A view being mended: what was added to it, what was taken from it, and what was said about that.

    With `fresh`, a set of thread and message ids, only these are mended.
    """

    def __init__(self, view: View, fresh: frozenset[str] | None = None) -> None:
        self.view = view
        self.fresh = fresh
        self.added: list[Fact] = []
        self.taken: list[Fact] = []
        self.mended: list[Repaired] = []

    def concerns(self, subject: str) -> bool:
        """Whether this thread or message is to be mended."""
        return self.fresh is None or subject in self.fresh

    def add(self, fact: Fact) -> None:
        """Add a fact."""
        _, new = apply(self.view, [fact], origin="migration")
        self.added += new

    def replace(self, old: Fact, new: Fact) -> None:
        """Put one fact in another's place."""
        self.change([old], [new])

    def change(self, old: list[Fact], new: list[Fact]) -> None:
        """Put facts in the place of others, all at once: the links of a thread are found anew once."""
        undo(self.view, old)
        self.taken += old
        _, added = apply(self.view, new, origin="migration")
        self.added += added

    def result(self, facts: list[Fact]) -> list[Fact]:
        """The facts without those taken, and with those added."""
        taken = {canonical(fact) for fact in self.taken}
        return [fact for fact in [*facts, *self.added] if canonical(fact) not in taken]

    def say(self, code: str, subject: str, found: str, decided: str) -> None:
        """Note what was mended."""
        self.mended.append(Repaired(code=code, subject=subject, found=found, decided=decided))


def mend_threads(repair: ExternalRepair, old_name: Callable[[str], str | None]) -> None:
    """Threads that messages, settings or states name get an identity, and each thread the root it names."""
    view = repair.view
    named = view.members.keys() | view.settings.keys() | view.states.keys()
    for thread_id in filter(repair.concerns, sorted(named - view.thread_facts.keys())):
        repair.add(_assumed_thread(view, ThreadId(thread_id), old_name(thread_id)))
        repair.say(
            "missing_thread",
            thread_id,
            "rows name a thread that has none",
            "an assumed identity stands for it",
        )
    for thread_id in sorted(filter(repair.concerns, view.thread_facts)):
        fact = view.thread_facts[thread_id]
        owner = view.thread_of(fact.root_message_id)
        if owner is not None and owner != thread_id:
            implied = _assumed_thread(view, fact.thread_id, None)
            for variant in list(view.variants_of_thread(thread_id)):
                new = msgspec.structs.replace(variant, root_message_id=implied.root_message_id, assumed=True)
                repair.replace(variant, new)
            found = f"its root {fact.root_message_id} is a message of thread {owner}"
            repair.say("foreign_root", thread_id, found, f"{implied.root_message_id} is taken for its root")
        fact = view.thread_facts[thread_id]
        if not view.has_message(fact.root_message_id):
            repair.add(_placeholder(fact))
            repair.say(
                "missing_root",
                thread_id,
                f"its root {fact.root_message_id} is missing",
                "a placeholder stands there",
            )


def mend_replies(repair: ExternalRepair) -> None:
    """The root replies to nothing, all others to a message of their thread, and no chain of replies is a circle."""
    view, moves = repair.view, _Moves(repair)
    for _, fact in sorted(view.thread_facts.items()):
        target = view.reply_target(fact.root_message_id)
        if target is not None and repair.concerns(fact.root_message_id):
            moves.to(fact.root_message_id, None, "root_that_replies", f"the root replies to {target}")
    moves.done()
    for message_id in sorted(view.headers):
        root = view.root_of(view.headers[message_id].thread_id)
        if root is None or root == message_id or not repair.concerns(message_id):
            continue
        target = view.reply_target(message_id)
        if target is None:
            moves.to(message_id, root, "second_root", "replies to nothing and is not the root")
        elif view.thread_of(target) != view.headers[message_id].thread_id:
            moves.to(
                message_id, root, "invalid_reply_target", f"replies to {target}, which is not in its thread"
            )
    moves.done()
    opened: set[MessageId] = set()
    for message_id in sorted(filter(repair.concerns, view.looped)):
        circle = view.looped[message_id]
        root = view.root_of(view.headers[message_id].thread_id)
        if root is not None and circle not in opened:
            opened.add(circle)
            moves.to(message_id, root, "reply_cycle", "replies to itself, by way of others")
    moves.done()


class _Moves:
    """Messages that are to reply to another one, gathered until all are moved at once."""

    def __init__(self, repair: ExternalRepair) -> None:
        self._repair = repair
        self._old: list[Fact] = []
        self._new: list[Fact] = []

    def to(self, message_id: str, target: MessageId | None, code: str, found: str) -> None:
        """Let a message reply to another; None lets it be a root."""
        view = self._repair.view
        header = view.headers[message_id]
        if view.mark(message_id, REPLY) is not None or message_id in view.header_variants:
            self._new.append(_mark(view, header, target))
        else:
            fields = header.fields
            if header.reply_to_message_id is not None:
                fields = {"assumed_instead_of": header.reply_to_message_id, **(fields or {})}
            self._old.append(header)
            self._new.append(
                msgspec.structs.replace(header, reply_to_message_id=target, assumed=True, fields=fields)
            )
        decided = (
            f"it is taken to reply to the root {target}" if target else "it is taken to reply to nothing"
        )
        self._repair.say(code, message_id, found, decided)

    def done(self) -> None:
        """Move all that were gathered."""
        self._repair.change(self._old, self._new)
        self._old, self._new = [], []


def _mark(view: View, header: Header, target: MessageId | None) -> MarkFact:
    present = view.mark(header.message_id, REPLY)
    ms = time_ms(present.stamp) + 1 if present else ms_of(header.date)
    stamp = Stamp(derive("repair", ms, header.message_id, REPLY, str(target)))
    return MarkFact(message_id=header.message_id, field=REPLY, stamp=stamp, value=target, by=BY)


def _assumed_thread(view: View, thread_id: ThreadId, old_name: str | None) -> ThreadFact:
    headers = [view.headers[message_id] for message_id in view.messages_of(thread_id)]
    date = min((header.date for header in headers), default="1970-01-01T00:00:00.000Z")
    roots = sorted((view.headers[one].date, one) for one in view.roots.get(thread_id, ()))
    return ThreadFact(
        thread_id=thread_id,
        created_at=date,
        created_by="",
        root_message_id=roots[0][1] if roots else MessageId(derive("message", 0, thread_id, "placeholder")),
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
