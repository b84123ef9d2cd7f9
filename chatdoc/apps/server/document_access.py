"""The calls a room makes of its document, each in one place: what it asks of the engine beyond the records."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from chatdoc.agents.ownership import RunningTurn
from chatdoc.agents.turns import Turns
from chatdoc.crdt.read_update import read_state_vector
from chatdoc.document import Document
from chatdoc.engine.known_command import KnownCommand
from chatdoc.engine.receive_result import Received
from chatdoc.model.errors import ChatdocError, DiskFull, ReadOnlyTarget, UpdateRefused
from chatdoc.model.events.event import Event
from chatdoc.store.part_ports import CallingFeed, SharedFeed, TalkingFeed, Wal, WithWal
from chatdoc.store.ports import Entry, Receipt

Answer = Received | UpdateRefused


def receive_all(doc: Document, updates: Sequence[tuple[bytes, str]]) -> list[Answer]:
    """Take updates in one transaction where the engine can; one that is refused does not undo the others."""
    if len(updates) == 1:
        return [_receive(doc, *updates[0])]
    answers: list[Answer] = []
    for answer in doc.group.receive_each(updates):
        if isinstance(answer, Exception) and not isinstance(answer, UpdateRefused):
            raise answer
        answers.append(answer)
    return answers


def _receive(doc: Document, update: bytes, origin: str) -> Answer:
    try:
        return doc.receive(update, origin=origin)
    except UpdateRefused as error:
        return error


def quarrels(answer: Received, origin: str) -> bool:
    """Whether this origin destroys again and again what is put back; an update may release one of somebody else."""
    return any(one.origin == origin for one in answer.quarrel)


def known(doc: Document) -> Mapping[int, int]:
    """The clock after the last item of each client."""
    return read_state_vector(doc.state_vector())


def catch_up(doc: Document) -> None:
    """Take what other processes wrote; subscribers hear of it. Raises DocumentFailed where one ended its use."""
    doc.engine.make_ready(to_read=True)


def page_of_events(doc: Document, after: int, limit: int) -> Iterator[Event]:
    """The next events beyond a sequence; none where the log ends there, or there is none; raises LogCompacted."""
    if doc.engine.store.events is None:
        return iter(())
    return islice(doc.replay(from_sequence_exclusive=after), limit)


def last_sequence(doc: Document) -> int:
    """The sequence of the last event; 0 for a document that is read only, and has no log."""
    return doc.log.last_sequence() if doc.engine.store.events is not None else 0


def require_log(doc: Document) -> None:
    """Raise why where there may be an event log that cannot be read now, rather than tell that it is empty."""
    if isinstance(reason := why_read_only(doc), DiskFull | ReadOnlyTarget):
        raise reason


def command_method(doc: Document, name: str) -> Callable[..., Any]:
    """The method that carries out a command: the document's, or that of its agents."""
    found = getattr(doc, name, None)
    if found is None:
        found = getattr(doc.agents, name)
    return found  # type: ignore[no-any-return]


def call_method(doc: Document, name: str, given: dict[str, Any]) -> Any:
    """Carry out a command; further fields of a record are given as `fields`, however the method takes them."""
    method = command_method(doc, name)
    if _spreads_fields(getattr(method, "__func__", method)):
        given = {**given.pop("fields", {}), **given}
    return method(**given)


@lru_cache(100)
def _spreads_fields(method: Callable[..., Any]) -> bool:
    """Whether a method takes further fields by their names; to look it up costs a sixth of a command."""
    further = inspect.signature(method).parameters.get("fields")
    return further is not None and further.kind is inspect.Parameter.VAR_KEYWORD


def call_together(doc: Document, calls: Sequence[tuple[str | None, Callable[[Document], Any]]]) -> list[Any]:
    """Group commit: the answer of each call, or its own error; the id is of the command that it carries out."""
    return doc.engine.transact_each([_joining(doc, *one) for one in calls])


def _joining(doc: Document, command_id: str | None, work: Callable[[Document], Any]) -> KnownCommand:
    return KnownCommand(command_id, lambda _: work(doc))


def latest_updates(doc: Document, count: int) -> tuple[int, list[Entry]]:
    """How many entries the update log has, and the newest of them, the newest first."""
    log = doc.engine.store.updates
    last = log.last_sequence()
    return last, list(log.entries(after=max(0, last - count)))[::-1]


def receipt_of(doc: Document, command_id: str) -> Receipt | None:
    """The stored answer to a command id."""
    return doc.engine.store.receipts.get(command_id)


def agents_of(doc: Document) -> Turns:
    """What knows of turns and of what waits."""
    return doc.agents


def running_turns(doc: Document) -> list[RunningTurn]:
    """The messages that are being written, and by whom."""
    return list(doc.agents.running())


def why_read_only(doc: Document) -> ChatdocError | None:
    """Why the document can only be read; None when it can be changed."""
    try:
        doc.engine.require_open()
    except ChatdocError as reason:
        return reason
    return None


def call_on_news(doc: Document, wake: Callable[[], None]) -> None:
    """Call `wake` when another server has written, where the store says so by itself; it keeps the call to its end."""
    feed = doc.engine.store.feed
    if isinstance(feed, CallingFeed):
        feed.call(wake)


def talk(doc: Document, heard: Callable[[bytes], None]) -> Callable[[bytes], None] | None:
    """What says something to rooms of the document on other servers, whose words are heard; None without any."""
    feed = doc.engine.store.feed
    if not isinstance(feed, TalkingFeed):
        return None
    feed.listen_to(heard)
    return feed.say


def share(doc: Document, heard: Callable[[bytes], None]) -> SharedFeed | None:
    """The feed of a document that several servers may share, whose words are heard; None where no other server can."""
    feed = doc.engine.store.feed
    if not isinstance(feed, SharedFeed):
        return None
    feed.listen_to(heard)
    return feed


def wal_of(doc: Document) -> Wal | None:
    """What makes the commits of a document durable together; None where each is by itself."""
    store = doc.engine.store
    return store.wal if isinstance(store, WithWal) else None


def commit_asynchronously(doc: Document) -> None:
    """Let no commit of the document wait for the disk by itself, where answers can wait instead."""
    if (wal := wal_of(doc)) is not None:
        wal.start()


def store_paths(doc: Document) -> tuple[Path, ...]:
    """The files that change when anybody writes to the document: its database and the log of that; none without."""
    file = doc.store_path
    if file is None:
        return ()
    return file, file.with_name(file.name + "-wal")
