"""Admission of remote updates: every new fact is asked about before the update is applied, refusals are data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

import msgspec

from chatdoc.apps.server.principal import Allow, Principal, allow_own, message_of, speaks_for
from chatdoc.crdt.keys import decode
from chatdoc.crdt.read_update import Item, read
from chatdoc.crdt.settle_update import Refusal, settle
from chatdoc.model.errors import UpdateRefused
from chatdoc.model.facts import Header
from chatdoc.model.view.view import View

NO_ROOM = "everybody may only read while the disk of this document is full"


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Why something of an update was not taken, in words that name a type and never its bytes."""

    code: str
    detail: str
    root: str | None = None
    key: str | None = None
    type: str | None = None
    permanent: bool = True
    """Whether sending the same again is refused again."""

    @classmethod
    def of(cls, error: UpdateRefused) -> Refused:
        """The refusal of a whole update."""
        return cls(
            code=error.code,
            detail=str(error),
            root=error.root,
            key=error.key,
            type=error.type,
            permanent=error.permanent,
        )


class Admitted(NamedTuple):
    """What of an update goes on to the document, what does not, and what its sender is told to remove."""

    update: bytes | None
    refused: tuple[Refused, ...] = ()
    remove: Mapping[int, list[tuple[int, int]]] | None = None


class Admission:
    """The decisions of one turn of a room; what came earlier in it counts for what comes later."""

    def __init__(
        self,
        allow: Allow,
        look: Callable[[], View],
        known: Callable[[], Mapping[int, int]],
        *,
        waits_for_space: bool,
    ) -> None:
        self._allow = allow
        self._look = look
        self._known = known
        self._waits_for_space = waits_for_space
        self._sent: dict[str, Header] = {}

    def admit(
        self, update: bytes, principal: Principal, *, clocks_max: int, own: Collection[int]
    ) -> Admitted:
        """Decide about one update of one client, whose Y client ids are `own` as far as it announced any.

        Whoever may write under any name, and is asked about by no rule of its own, is left to the document's guard.
        """
        if principal.read_only:
            return _for_reader(update, self._known, for_now=self._waits_for_space)
        if self._allow is allow_own and principal.speaks_for is None:
            return Admitted(update)
        try:
            reading = read(update)
        except UpdateRefused:
            return self.settle(update, principal, clocks_max=clocks_max, own=own)
        if all(self._is_allowed(item, principal) for item in reading.items):
            return Admitted(update)
        return self.settle(update, principal, clocks_max=clocks_max, own=own)

    def settle(
        self,
        update: bytes,
        principal: Principal,
        *,
        clocks_max: int,
        own: Collection[int],
    ) -> Admitted:
        """What can be taken of an update that cannot be taken as it is."""
        known = self._known()

        def judge(item: Item) -> str | None:
            is_old = item.clock + item.length <= known.get(item.client, 0)
            return None if is_old or self._is_allowed(item, principal) else "not_allowed"

        def may_settle(client: int) -> bool:
            return not own or client in own

        try:
            found = settle(update, known, judge, clocks_max=clocks_max, may_settle=may_settle)
        except UpdateRefused as error:
            return Admitted(None, (Refused.of(error),))
        remove: dict[int, list[tuple[int, int]]] = {}
        for one in found.refused:
            if may_settle(one.client):
                remove.setdefault(one.client, []).append((one.clock, one.length))
        return Admitted(found.update, tuple(map(_told, found.refused)), remove or None)

    def _is_allowed(self, item: Item, principal: Principal) -> bool:
        """Whether an item may be written; one that is no fact is left to who may write anything."""
        if self._allow is allow_own and principal.speaks_for is None:
            return True
        if item.root is None or item.key is None or item.text is None:
            return True  # It removes, or continues a place whose key is the digest of one text only.
        if item.clock < self._known().get(item.client, 0):
            return True
        fact = decode(item.root, item.key, item.text)
        if fact is None:
            return principal.speaks_for is None
        if isinstance(fact, Header):
            self._sent[fact.message_id] = fact
        if self._allow(principal, fact, self._look()):
            return True
        # A message and its pieces may come together, before the view has the message.
        message_id = message_of(fact)
        header = self._sent.get(message_id) if message_id is not None else None
        return self._allow is allow_own and header is not None and speaks_for(principal, header.sender_id)


def _for_reader(update: bytes, known: Callable[[], Mapping[int, int]], *, for_now: bool) -> Admitted:
    try:
        spans = read(update).spans
    except UpdateRefused as error:
        return Admitted(None, (Refused(code="read_only", detail=str(error)),))
    have = known()
    if all(end <= have.get(client, 0) for client, (_, end) in spans.items()):
        return Admitted(None)  # What it got from us; a sync step 2 repeats every deletion.
    who = NO_ROOM if for_now else "this client may read"
    detail = f"{who}, and it sent a change"
    return Admitted(None, (Refused(code="read_only", detail=detail, permanent=not for_now),))


def _told(one: Refusal) -> Refused:
    if one.code == "not_allowed":
        detail = f"this client may not write this fact of {one.root!r}: it may not speak for its author"
    elif one.code == "continues_refused":
        detail = "the entry continues one that was refused"
    else:
        detail = f"expected an entry of one string in a root of the layout, came {one.type}"
    return Refused(code=one.code, detail=detail, root=one.root, key=one.key, type=one.type)
