"""Group commit of a room: what waits is one turn in one thread, updates of it one transaction, all in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from chatdoc.apps.server.admission import NO_ROOM, Admission, Admitted, Refused
from chatdoc.apps.server.document_access import (
    Answer,
    call_together,
    known,
    quarrels,
    receive_all,
    why_read_only,
)
from chatdoc.apps.server.limits import Limits
from chatdoc.apps.server.member import Member
from chatdoc.apps.server.principal import Allow
from chatdoc.crdt.join_updates import joined, joined_counted
from chatdoc.document import Document
from chatdoc.model.errors import (
    ChatdocError,
    DiskFull,
    DocumentClosed,
    DocumentFailed,
    StoreError,
    StoreGone,
    UpdateRefused,
)
from chatdoc.model.view.view import View
from chatdoc.store.sqlite.sqlite_errors import has_no_room


class Change(NamedTuple):
    """An update of a client that waits."""

    member: Member
    update: bytes
    own_clients: frozenset[int]
    """The client ids that the member announced; empty when it announced none."""


class Call(NamedTuple):
    """A call of the document that waits, and who waits for its answer."""

    work: Callable[[Document], Any]
    answer: asyncio.Future[Any]
    joins: bool = False
    """Whether it is one change and nothing besides, so that it may share its transaction with such as it."""
    command_id: str | None = None
    changes: bool = True
    """Whether something may have changed by it, the log alone perhaps: who follows looks again then."""
    is_answer: bool = True
    """Whether its answer acknowledges something, and so waits for the disk."""


class Outcome(NamedTuple):
    """What became of an update."""

    change: Change
    refused: tuple[Refused, ...] = ()
    remove: dict[int, list[tuple[int, int]]] | None = None
    wanted: bytes | None = None
    quarrels: bool = False
    is_applied: bool = False
    waits: bool = False
    """Whether it is held back until what it builds on is here."""
    none_waits: bool = False
    """Whether no update of anybody is held back any more."""
    without_room: bool = False
    """Whether it was not stored because the disk is full."""


class Finished(NamedTuple):
    """A call with its answer or its error."""

    call: Call
    value: Any = None
    error: BaseException | None = None


Job = Change | Call
Done = Outcome | Finished


def carry_out(
    doc: Document, jobs: list[Job], allow: Allow, limits: Limits, *, is_full: bool = False
) -> list[Done]:
    """One turn of a room; what follows each other and may be is one transaction, and what became of it is in order.

    On a disk that `is_full` no change is tried.
    """
    done: list[Done] = []
    for kind, some in groupby(jobs, key=_kind):
        if kind == "changes":
            changes = [job for job in some if isinstance(job, Change)]
            done += map(_without_room, changes) if is_full else _take(doc, changes, allow, limits)
            continue
        calls = [job for job in some if isinstance(job, Call)]
        done += _together(doc, calls) if kind == "joining" and len(calls) > 1 else _in_turn(doc, calls)
    return done


def _kind(job: Job) -> str:
    if isinstance(job, Change):
        return "changes"
    return "joining" if job.joins else "alone"


def _take(doc: Document, changes: list[Change], allow: Allow, limits: Limits) -> list[Done]:
    turn = _Turn(doc, allow, limits)
    for change in changes:
        turn.add(change)
    try:
        return turn.receive()
    except StoreError as error:
        if not has_no_room(error):
            raise
        return [_without_room(change) for change in changes]


def _without_room(change: Change) -> Done:
    detail = f"{NO_ROOM}, and this client sent a change"
    refused = Refused(code="read_only", detail=detail, permanent=False)
    return Outcome(change, (refused,), without_room=True)


def _in_turn(doc: Document, calls: list[Call]) -> list[Done]:
    done: list[Done] = []
    for call in calls:
        try:
            done.append(Finished(call, call.work(doc)))
        except Exception as error:
            done.append(Finished(call, error=error))
    return done


def _together(doc: Document, calls: list[Call]) -> list[Done]:
    """Calls as one transaction; where that fails as a whole, and not because of the store, each has one of its own."""
    try:
        answers = call_together(doc, [(call.command_id, call.work) for call in calls])
    except StoreError as error:
        return [Finished(call, error=error) for call in calls]
    except Exception:
        return _in_turn(doc, calls)
    return [
        Finished(call, error=answer) if isinstance(answer, Exception) else Finished(call, answer)
        for call, answer in zip(calls, answers, strict=True)
    ]


def what_ended_it(done: list[Done]) -> ChatdocError | None:
    """Why no call can do anything more with this document, as one of them was told."""
    for one in done:
        if isinstance(one, Finished) and isinstance(one.error, DocumentClosed | DocumentFailed | StoreGone):
            return one.error
    return None


class _Turn:
    """Updates that go into one transaction."""

    def __init__(self, doc: Document, allow: Allow, limits: Limits) -> None:
        self._doc = doc
        self._clocks_max, self._bytes_max = limits.settled_clocks_max, limits.broadcast_bytes_max
        self._known: Mapping[int, int] | None = None
        self._admission = Admission(
            allow, self._look, self._what_is_known, waits_for_space=isinstance(why_read_only(doc), DiskFull)
        )
        self._waiting: list[tuple[Change, Admitted]] = []

    def add(self, change: Change) -> None:
        """Decide about an update, and let it wait for the others."""
        admitted = self._admission.admit(
            change.update, change.member.principal, clocks_max=self._clocks_max, own=change.own_clients
        )
        self._waiting.append((change, admitted))

    def receive(self) -> list[Done]:
        """Take what waits; what an update breaks on is settled, so that its client is not held back."""
        answers = iter(self._answers())
        done: list[Done] = []
        for change, admitted in self._waiting:
            answer = next(answers) if admitted.update is not None else None
            if isinstance(answer, UpdateRefused) and not admitted.refused:
                admitted, answer = self._settle(change, answer)
            passes = isinstance(answer, UpdateRefused) and not answer.permanent
            # Its sender brings it again, with all that we lack: a refusal that may pass holds nobody back.
            done.append(_outcome(change, admitted, answer, self._doc.state_vector() if passes else None))
        return done

    def _answers(self) -> list[Answer]:
        """An answer for each update that is admitted; those of one client that follow each other are taken as one."""
        sent = [
            (one.update, origin(change.member)) for change, one in self._waiting if one.update is not None
        ]
        groups: list[tuple[list[bytes], bytes, str]] = []
        for said, updates in groupby(sent, key=itemgetter(1)):
            given = [update for update, _ in updates]
            at = 0
            for count, update in joined_counted(given, self._bytes_max):
                groups.append((given[at : at + count], update, said))
                at += count
        taken = receive_all(self._doc, [(update, said) for _, update, said in groups]) if groups else []
        answers: list[Answer] = []
        for (given, _, said), answer in zip(groups, taken, strict=True):
            answers += self._shared(given, said, answer)
        return answers

    def _shared(self, given: list[bytes], said: str, answer: Answer) -> list[Answer]:
        """The answers of updates that were taken as one; where that is refused, halves are, down to the bad one."""
        if len(given) == 1 or not isinstance(answer, UpdateRefused):
            return [answer] * len(given)
        answers: list[Answer] = []
        middle = len(given) // 2
        for half in (given[:middle], given[middle:]):
            [update] = joined(half, sum(map(len, half)) + 1)
            [taken] = receive_all(self._doc, [(update, said)])
            answers += self._shared(half, said, taken)
        return answers

    def _settle(self, change: Change, refusal: UpdateRefused) -> tuple[Admitted, Answer | None]:
        self._known = None
        admitted = self._admission.settle(
            change.update,
            change.member.principal,
            clocks_max=self._clocks_max,
            own=change.own_clients,
        )
        if admitted.update is None:
            return admitted, None
        if admitted.update == change.update:  # Nothing in it is wrong by itself.
            return Admitted(None), refusal
        [answer] = receive_all(self._doc, [(admitted.update, origin(change.member))])
        return admitted, answer

    def _look(self) -> View:
        return self._doc.view

    def _what_is_known(self) -> Mapping[int, int]:
        if self._known is None:
            self._known = known(self._doc)
        return self._known


def _outcome(change: Change, admitted: Admitted, answer: Answer | None, wanted: bytes | None) -> Outcome:
    remove = dict(admitted.remove) if admitted.remove else None
    if answer is None:
        return Outcome(change, admitted.refused, remove, is_applied=not admitted.refused)
    if isinstance(answer, UpdateRefused):
        return Outcome(change, (*admitted.refused, Refused.of(answer)), None, wanted)
    return Outcome(
        change,
        admitted.refused,
        remove,
        answer.wanted if answer.waits else None,
        quarrels(answer, origin(change.member)),
        is_applied=not answer.waits,
        waits=answer.waits,
        none_waits=not answer.held,
    )


def origin(member: Member) -> str:
    """What the log says of where an update came from: the user, where one is known."""
    return f"peer:{member.principal.user_id}" if member.principal.user_id else "peer"
