"""Authentication and authorization hooks: who a client is, and what it may write or ask for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from typing import Any, TypeAlias

import msgspec

from chatdoc.apps.server.log_command_rule import may_give
from chatdoc.engine.permission import Permit
from chatdoc.model.commands.decide import LogCommand
from chatdoc.model.errors import CommandRefused
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
from chatdoc.model.ids import MessageId
from chatdoc.model.view.view import View


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a client shows: a token from a header or its first message, and where it comes from. Never logged."""

    token: str | None
    path: str
    """The document it asks for, relative to the folder; empty for none."""
    address: str | None = None
    headers: dict[str, str] = {}
    scope: Mapping[str, Any] = {}
    """The ASGI scope: what middleware of the application knows of the client, as `user` or `session`."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may take part."""

    user_id: str
    speaks_for: frozenset[str] | None = None
    """The author ids it may write under; None: any, as an editor backend does for its users."""
    read_only: bool = False
    may_debug: bool = True
    """Whether the debug page is shown, and its repairs carried out; it shows everything."""

    def __post_init__(self) -> None:
        if isinstance(self.speaks_for, str):  # It would speak for each part of the text.
            raise CommandRefused(
                "speaks_for: expected a set of author ids, came a text", hint="Give frozenset({user_id})"
            )


ANYBODY = Principal(user_id="")
"""Who connects where nothing asks who one is; it may write under any name."""

Authenticate: TypeAlias = Callable[[Credentials], "Principal | Awaitable[Principal | None] | None"]
Allow: TypeAlias = Callable[[Principal, Fact | LogCommand, View], bool]
"""Asked for each fact, and for each command that writes events alone, which has none."""


async def identified(authenticate: Authenticate | None, credentials: Credentials) -> Principal | None:
    """Who shows these credentials; raises TypeError for what is no principal, so that an empty text lets nobody in."""
    if authenticate is None:
        return ANYBODY
    asked = authenticate(credentials)
    found: object = await asked if isawaitable(asked) else asked
    if found is not None and not isinstance(found, Principal):
        raise TypeError(f"authenticate: expected a Principal or None, came {type(found).__name__}")
    return found


def author_of(fact: Fact) -> str | None:
    """Who a fact says wrote it, or None when its kind does not say."""
    if isinstance(fact, Header):
        return fact.sender_id if fact.author_id in (None, fact.sender_id) else None
    if isinstance(fact, RevisionFact):
        return fact.author_id
    if isinstance(fact, ThreadFact):
        return fact.created_by
    if isinstance(fact, SettingFact | MarkFact):
        return fact.by
    return None


def message_of(fact: Fact) -> MessageId | None:
    """The message whose sender a fact belongs to that names no author: a piece of it, or a state it is active in."""
    if isinstance(fact, PieceFact):
        return fact.message_id
    return fact.active_message_id if isinstance(fact, StateFact) else None


def speaks_for(principal: Principal, author_id: str) -> bool:
    """Whether somebody may write under an author id."""
    return principal.speaks_for is None or author_id in principal.speaks_for


def allow_own(principal: Principal, fact: Fact | LogCommand, view: View) -> bool:
    """The rule unless another is given: everything under one's own names, and nothing that names no author.

    Pieces of a streaming answer belong to the sender of the message, a thread's state to that of its active message.
    For commands that write events alone see `log_command_rule`.
    """
    if principal.read_only:
        return False
    if principal.speaks_for is None:
        return True
    if isinstance(fact, LogCommand):
        return may_give(principal.speaks_for, fact, view)
    author = author_of(fact)
    if author is not None:
        return author in principal.speaks_for
    message_id = message_of(fact)
    message = view.message(message_id) if message_id is not None else None
    return message is not None and message.sender_id in principal.speaks_for


def permit_of(allow: Allow, principal: Principal, *, names_author: bool) -> Permit | None:
    """What is asked for a command of somebody; None where the author that it names is all that counts, or nothing.

    Of what a command writes, that is what names one of the client's own names; the end of an agent's turn, which
    somebody interrupts, does not.
    """
    if allow is allow_own and (names_author or principal.speaks_for is None):
        return None

    def permit(fact: Fact | LogCommand, view: View) -> bool:
        author = None if isinstance(fact, LogCommand) else author_of(fact)
        if not isinstance(fact, LogCommand) and (author is None or not speaks_for(principal, author)):
            return True
        try:
            return allow(principal, fact, view)
        except TypeError as error:  # Of a command it says that a field has a wrong type.
            raise RuntimeError(f"allow raised TypeError: {error}") from error

    return permit
