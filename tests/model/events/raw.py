"""Raw facts of turns and talk over a handful of ids, so that in a random history they meet and come too early."""

from __future__ import annotations

from random import Random
from typing import Any

from chatdoc.model.clock import iso
from chatdoc.model.facts import (
    Fact,
    Header,
    MarkFact,
    PieceFact,
    RevisionFact,
    SettingFact,
    StateFact,
    ThreadFact,
)
from chatdoc.model.ids import RevisionId, derive
from tests.model.view.raw import MESSAGES, THREADS, random_fact, stamp

FEW = MESSAGES[:4]
MARKS: dict[str, list[Any]] = {
    "generating": [True, True, False, None, 1],
    "deleted": [True, False, None],
    "acp_state": ["queued", "queued", None, "sent"],
    "acp_usage": [{"total_tokens": 3}],
    "acp_error": ["boom", {"code": 1}],
    "parent_message_id": [FEW[0]],
    "own": [1],
}
FIELDS: list[dict[str, Any] | None] = [
    None,
    None,
    {"generating": True},
    {"generating": False},
    {"placeholder": "missing root"},
    {"acp_state": "queued"},
    {"acp_usage": {}},
]
SETTINGS: dict[str, list[Any]] = {
    "name": ["Plan", "Plan B", None, 7],
    "acp_config.model": ["gpt", None, 1],
    "acp_config.sessionId": ["s1", "s2", None],
    "branch": ["main", None],
    "pin": [True, None],
    "deleted": [True, False],
}


def random_facts(random: Random, length: int) -> list[Fact]:
    """That many facts, of few messages in three threads."""
    kinds = [_thread, _header, _mark, _piece, _revision, _setting, _state, random_fact]
    return [random.choices(kinds, [2, 4, 6, 7, 3, 3, 4, 1])[0](random) for _ in range(length)]


def _thread(random: Random) -> Fact:
    return ThreadFact(
        thread_id=random.choice(THREADS),
        created_at=iso(random.choice([1_000, 1_001])),
        created_by=random.choice(["ada", "bob"]),
        root_message_id=random.choice(FEW),
        assumed=random.random() < 0.3,
    )


def _header(random: Random) -> Fact:
    message_id = random.choice(FEW)
    thread_id = THREADS[0] if random.random() < 0.8 else THREADS[1]
    return Header(
        message_id=message_id,
        thread_id=thread_id,
        sender_id=random.choice(["ada", "bob", "", "system"]),
        date=iso(random.choice([1_000, 1_001])),
        content=random.choice(["", "", "Hi", "Ho"]),
        assumed=random.random() < 0.3,
        fields=random.choice(FIELDS),
    )


def _mark(random: Random) -> Fact:
    field = random.choice(["generating", *MARKS])
    return MarkFact(
        message_id=random.choice(FEW),
        field=field,
        stamp=stamp(random.randrange(12)),
        value=random.choice(MARKS[field]),
        by="ada",
    )


def _piece(random: Random) -> Fact:
    return PieceFact(message_id=random.choice(FEW), seq=random.randrange(5), text=random.choice("ab"))


def _revision(random: Random) -> Fact:
    return RevisionFact(
        message_id=random.choice(FEW),
        revision_id=RevisionId(derive("revision", random.randrange(4_000))),
        author_id=random.choice(["ada", "bob"]),
        content=random.choice(["", "one", "two"]),
        date=iso(1_000),
    )


def _setting(random: Random) -> Fact:
    field = random.choice(list(SETTINGS))
    return SettingFact(
        thread_id=random.choice(THREADS),
        field=field,
        stamp=stamp(random.randrange(12)),
        value=random.choice(SETTINGS[field]),
        by="ada",
    )


def _state(random: Random) -> Fact:
    return StateFact(
        thread_id=random.choice(THREADS),
        stamp=stamp(random.randrange(12)),
        state=random.choice(["idle", "queued", "running", "running", "interrupted", "error", "complete"]),
        updated_at=iso(1_000),
        active_message_id=random.choice([None, *FEW]),
    )
