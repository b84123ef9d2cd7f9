"""Raw facts over a handful of ids, so that in a random history they meet, contradict each other and come too early."""

from __future__ import annotations

from random import Random
from typing import Any

from chatdoc.model.clock import iso
from chatdoc.model.facts import (
    DocumentFact,
    Fact,
    Header,
    MarkFact,
    PieceFact,
    RevisionFact,
    SettingFact,
    StateFact,
    ThreadFact,
)
from chatdoc.model.ids import MessageId, RevisionId, Stamp, ThreadId, derive
from chatdoc.model.view.view import View

THREADS = [ThreadId(derive("thread", 1_000, str(number))) for number in range(3)]
MESSAGES = [MessageId(derive("message", 1_000 + number, "raw")) for number in range(9)]
VALUES: list[Any] = [None, True, False, 1, 1.0, 0, "a", "b", {"a": 1}, {"a": True}]


def stamp(number: int) -> Stamp:
    """A stamp; greater numbers give greater ones."""
    return Stamp(derive("stamp", 2_000 + number))


def random_fact(random: Random) -> Fact:
    """Any kind of fact, identities and links most often."""
    make = random.choices([_thread, _header, _link, _mark, _setting, _state, _piece, _revision, _document],
                          [3, 9, 4, 3, 2, 3, 1, 1, 1])[0]  # fmt: skip
    return make(random)


def random_history(random: Random, length: int) -> list[Fact]:
    """That many random facts."""
    return [random_fact(random) for _ in range(length)]


def root_of(thread_id: ThreadId) -> MessageId:
    """The message that most identities of a thread name as its root."""
    return MESSAGES[THREADS.index(thread_id)]


CACHES = frozenset({"moments", "newest_seen", "orders"})
"""Slots that are made when asked for; tests ask for what they say."""


def snapshot(view: View) -> dict[str, Any]:
    """Every slot of a view in a form that does not depend on the order of arrival where order has no meaning."""
    slots: dict[str, Any] = {name: getattr(view, name) for name in View.__slots__ if name not in CACHES}
    slots["members"] = {thread_id: sorted(ids) for thread_id, ids in view.members.items()}
    if view.moments is not None:
        dates = view.moments.firsts
        slots["moments"] = {
            (sender, date): sorted(view.moments.sharing(sender, date))
            for sender in dates
            for date in dates[sender]
        }
    return {name: repr(_ordered(value)) for name, value in slots.items()}


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted(((key, _ordered(inner)) for key, inner in value.items()), key=lambda pair: str(pair[0]))
    return sorted(value) if isinstance(value, set) else value


def _thread(random: Random) -> Fact:
    thread_id = random.choice(THREADS)
    root = root_of(thread_id) if random.random() < 0.8 else random.choice(MESSAGES)
    return ThreadFact(
        thread_id=thread_id,
        created_at=iso(random.choice([1_000, 1_000, 1_001])),
        created_by="ada",
        root_message_id=root,
        assumed=random.random() < 0.2,
    )


def _header(random: Random) -> Fact:
    message_id = random.choice(MESSAGES)
    thread_id = THREADS[MESSAGES.index(message_id) % 3] if random.random() < 0.85 else random.choice(THREADS)
    target: MessageId | None = None
    if message_id != root_of(thread_id) or random.random() < 0.1:
        target = root_of(thread_id) if random.random() < 0.5 else random.choice(MESSAGES)
    fields = random.choice([None, None, None, {"generating": True}, {"acp_usage": {}}, {"a": 1}, {"a": True}])
    return Header(
        message_id=message_id,
        thread_id=thread_id,
        sender_id=random.choice(["ada", "bob"]),
        date=iso(random.choice([1_000, 1_001, 1_002])),
        reply_to_message_id=None if random.random() < 0.07 else target,
        assumed=random.random() < 0.15,
        fields=fields,
    )


def _link(random: Random) -> Fact:
    value: Any = random.choice([*MESSAGES, *MESSAGES, None, 7, ["x"]])
    return _marked(random, "reply_to_message_id", value)


def _mark(random: Random) -> Fact:
    field = random.choice(["generating", "generating", "acp_thread_id", "deleted", "own"])
    return _marked(random, field, random.choice(VALUES))


def _marked(random: Random, field: str, value: Any) -> Fact:
    return MarkFact(
        message_id=random.choice(MESSAGES),
        field=field,
        stamp=stamp(random.randrange(9)),
        value=value,
        by="ada",
    )


def _setting(random: Random) -> Fact:
    return SettingFact(
        thread_id=random.choice(THREADS),
        field=random.choice(["name", "deleted", "acp_config.model"]),
        stamp=stamp(random.randrange(9)),
        value=random.choice(VALUES),
        by="ada",
    )


def _state(random: Random) -> Fact:
    return StateFact(
        thread_id=random.choice(THREADS),
        stamp=stamp(random.randrange(9)),
        state=random.choice(["idle", "running", "running", "complete", "error", "queued"]),
        updated_at=iso(1_000),
        active_message_id=random.choice([None, *MESSAGES]),
    )


def _piece(random: Random) -> Fact:
    return PieceFact(message_id=random.choice(MESSAGES), seq=random.randrange(2), text=random.choice("abc"))


def _revision(random: Random) -> Fact:
    return RevisionFact(
        message_id=random.choice(MESSAGES),
        revision_id=RevisionId(derive("revision", random.randrange(4))),
        author_id="ada",
        content=random.choice("abc"),
        date=iso(1_000),
    )


def _document(random: Random) -> Fact:
    return DocumentFact(field=random.choice(["document_id", "own"]), value=random.choice(VALUES))
