"""One live copy of the Y document: it holds its own facts, and all the others only once somebody needs them.

A write adds keys that were never there before, so a Y document that knows nothing but this session's own facts makes
updates that merge into the whole. The whole is loaded when something must be removed, encoded or put back.
The observer hands over the bytes of each transaction and the entries it changed; nobody reads the maps.
pycrdt is loaded when something is first integrated: it takes longer than opening and reading a small document does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from chatdoc.crdt.join_updates import joined
from chatdoc.crdt.keys import ROOTS
from chatdoc.crdt.lib0 import number, text_bytes
from chatdoc.model.deferred_module import DeferredModule
from chatdoc.model.errors import ChatdocError

if TYPE_CHECKING:
    import pycrdt
else:
    pycrdt = DeferredModule("pycrdt")

EMPTY_UPDATE = b"\x00\x00"
"""The update that says nothing."""


COMPARE_EVERY = 64
"""So often an update that was spelled without pycrdt is compared with what that would write; tests compare each."""
JOINED_BYTES = 1 << 24
"""So much of a log is looked at together, and becomes as few updates as can be."""


def merge(updates: Iterable[bytes]) -> bytes:
    """Several updates of one document as one; meant for few, at some 30 µs each."""
    with _panics_are_errors("merging updates of"):
        return bytes(pycrdt.merge_updates(*updates))


def update_of(client_id: int, clock: int, entries: Collection[tuple[str, str, str]]) -> bytes:
    """The update of entries (root, key, text) at places where nothing lay before, as the guard's grammar has it."""
    if not entries:
        return EMPTY_UPDATE
    pieces = [b"\x01", number(len(entries)), _client(client_id), number(clock)]
    for root, key, text in entries:
        name, value = key.encode(), text.encode()
        pieces += (HEADS[root], number(len(name)), name, TEXT, number(len(value)), value)
    pieces.append(b"\x00")
    return b"".join(pieces)


HEADS = {root: b"\x28\x01" + text_bytes(root) for root in ROOTS}
"""What an entry of a root map begins with; its key follows, `TEXT`, and its text."""
TEXT = b"\x01\x77"
_client = lru_cache(maxsize=64)(number)


class Change(NamedTuple):
    """One entry of a root map before and after a transaction; None where there was or is none."""

    root: str
    key: str
    old: str | None
    new: str | None


class ReplicaBroken(ChatdocError):
    """pycrdt failed half-way; this replica must be dropped and made anew from the log."""


class Replica:
    """A Y document under one client id, which nobody else may write under."""

    _doc: pycrdt.Doc[Any]
    _maps: dict[str, pycrdt.Map[str]]

    def __init__(self, client_id: int) -> None:
        self.client_id = client_id
        self.whole = False
        self._spelled = 0
        self._begin()

    def transact(
        self,
        writes: Collection[tuple[str, str, str]],
        gone: Collection[tuple[str, str]] = (),
        *,
        clock: int | None = None,
    ) -> bytes:
        """Write entries (root, key, text) and remove others, in one transaction; returns its update.

        Where this client's next clock is given and nothing lies under these keys here, the update is spelled at once
        and pycrdt takes it when it is asked for something. Else it asserts that pycrdt did what was asked for.
        Raises ReplicaBroken when pycrdt fails.
        """
        if not self.whole:
            own, places = self._own, {(root, key) for root, key, _ in writes}
            # Whether this session never wrote under these keys, each of which is named once.
            is_fresh = len(places) == len(writes) and own.isdisjoint(places)
            own |= places
            if is_fresh and writes and not gone and clock is not None:
                update = update_of(self.client_id, clock, writes)
                self._spelled += 1
                if self._spelled % COMPARE_EVERY == 0:
                    self._compare(writes)
                self._pending.append(update)
                return update
        self._catch_up()
        maps = self._maps
        with _panics_are_errors("writing to"), self._doc.transaction():
            for root, key, text in writes:
                maps[root][key] = text
            for root, key in gone:
                del maps[root][key]
        update = self._updates.pop() if self._updates else EMPTY_UPDATE
        self._updates.clear()
        self._changes.clear()
        if gone or clock is None or update != update_of(self.client_id, clock, writes):
            # Something lay there before, so the update names it instead of the key; the maps must have what was asked.
            assert all(self._maps[root].get(key) == text for root, key, text in writes), (
                "a write wrote nothing"
            )
            assert not any(key in self._maps[root] for root, key in gone), "a removal removed nothing"
        return update

    def receive(self, update: bytes) -> tuple[list[Change], bytes]:
        """Apply a guarded update to the whole document; returns what changed, and the part of it that was new."""
        assert self.whole, "only a whole document can receive"
        with _panics_are_errors("applying an update to"):
            self._doc.apply_update(update)
        return self._observed()

    def load(self, updates: Iterable[bytes]) -> None:
        """Become the whole document: every update of the log, this session's own among them."""
        self._begin()
        self._integrate()
        with _panics_are_errors("loading"):
            for update in _few(updates):
                self._doc.apply_update(update)
        self._observed()
        self._subscriptions += [
            shared.observe(_recorder(root, self._changes)) for root, shared in self._maps.items()
        ]
        self.whole = True

    def holds(self, root: str, key: str) -> bool:
        """Whether something lies under a key here; where the whole is not loaded, only what this replica wrote does."""
        if not self.whole:
            return (root, key) in self._own and self._has(root, key)
        return self._has(root, key)

    def entry(self, root: str, key: str) -> str | None:
        """What the whole document holds under a key."""
        assert self.whole, "only a whole document can be read"
        with _panics_are_errors("reading"):
            found: str | None = self._maps[root].get(key)
        return found

    def entries(self) -> dict[tuple[str, str], str]:
        """Every entry of the whole document."""
        assert self.whole, "only a whole document can be read"
        with _panics_are_errors("reading"):
            return {(root, key): text for root in ROOTS for key, text in list(self._maps[root].items())}

    def encode(self, state_vector: bytes | None = None) -> bytes:
        """The whole document as one update, or what a peer of this state vector lacks; costs grow with the document."""
        assert self.whole, "only a whole document can be encoded"
        with _panics_are_errors("encoding"):
            return bytes(self._doc.get_update(state_vector) if state_vector else self._doc.get_update())

    def _has(self, root: str, key: str) -> bool:
        self._catch_up()
        with _panics_are_errors("reading"):
            return key in self._maps[root]

    def _compare(self, writes: Collection[tuple[str, str, str]]) -> None:
        """Let pycrdt write the same into an empty document: what was spelled must be what it spells."""
        other: pycrdt.Doc[Any] = pycrdt.Doc(client_id=self.client_id)
        with _panics_are_errors("comparing a write to"), other.transaction():
            for root, key, text in writes:
                other.get(root, type=pycrdt.Map)[key] = text
        spelled = update_of(self.client_id, 0, writes)
        assert bytes(other.get_update()) == spelled, "pycrdt spells a write differently"

    def _catch_up(self) -> None:
        """Let pycrdt take the updates that were spelled without it."""
        self._integrate()
        if not self._pending:
            return
        pending = joined(self._pending, JOINED_BYTES)
        self._pending.clear()
        with _panics_are_errors("applying our own updates to"), self._doc.transaction():
            for update in pending:
                self._doc.apply_update(update)
        self._observed()

    def _begin(self) -> None:
        self._pending: list[bytes] = []
        """Updates that this session wrote, and pycrdt has not taken yet."""
        self._own: set[tuple[str, str]] = set()
        """Under which roots and keys this session wrote; unused once the whole is loaded."""
        self._changes: list[Change] = []
        self._updates: list[bytes] = []
        self._subscriptions: list[pycrdt.Subscription] = []

    def _integrate(self) -> None:
        """Have a Y document from now on, with nothing in it yet."""
        if self._subscriptions:
            return
        self._doc = pycrdt.Doc(client_id=self.client_id)
        self._maps = {root: self._doc.get(root, type=pycrdt.Map) for root in ROOTS}
        self._subscriptions = [self._doc.observe(lambda event: self._updates.append(event.update))]

    def _observed(self) -> tuple[list[Change], bytes]:
        changes, updates = list(self._changes), list(self._updates)
        self._changes.clear()
        self._updates.clear()
        return changes, updates[-1] if updates else EMPTY_UPDATE


def _few(updates: Iterable[bytes]) -> Iterator[bytes]:
    """The same, those that follow each other as one: an update costs pycrdt 7 µs by itself, an item in one 1.3."""
    taken: list[bytes] = []
    size = 0
    for update in updates:
        taken.append(update)
        size += len(update)
        if size >= JOINED_BYTES:
            yield from joined(taken, JOINED_BYTES)
            taken, size = [], 0
    yield from joined(taken, JOINED_BYTES)


def _recorder(root: str, changes: list[Change]) -> Callable[[Any], None]:
    def record(event: Any) -> None:
        for key, change in event.keys.items():
            changes.append(Change(root, key, change.get("oldValue"), change.get("newValue")))

    return record


class _panics_are_errors:
    """A panic is a BaseException that leaves the document half changed; it must neither pass unseen nor be survived."""

    def __init__(self, verb: str) -> None:
        self._verb = verb

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SystemError) and isinstance(error.__cause__, KeyboardInterrupt):
            raise error.__cause__  # It fell into a callback that pycrdt made, which says so in words of its own.
        if kind is not None and (
            issubclass(kind, (RuntimeError, ValueError, SystemError)) or kind.__name__ == "PanicException"
        ):
            raise ReplicaBroken(f"pycrdt failed while {self._verb} the document: {error}") from error
