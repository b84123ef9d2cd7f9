"""One opening's hold on the Y document: its own client id, what it knows of every other, and the end of the log."""

from __future__ import annotations

from collections.abc import Callable, Collection

from chatdoc.crdt import read_update
from chatdoc.crdt.first_update import session_client
from chatdoc.crdt.log_pieces import pieces_of
from chatdoc.crdt.write_update import in_pieces
from chatdoc.crdt.ydoc import Replica, ReplicaBroken
from chatdoc.engine.log_diff import LogDiff, Spans, updates_until
from chatdoc.model.errors import UpdateRefused
from chatdoc.model.ids import RandomSource
from chatdoc.store.ports import DocumentStore

Place = tuple[str, str]
"""Root and key of an entry."""


class ReplicaSession:
    """Writes under one client id that nobody else has; loads the whole Y document only when it is needed."""

    def __init__(
        self,
        store: DocumentStore,
        random: RandomSource,
        *,
        known: dict[int, int],
        sequence: int,
        client_id: int | None = None,
    ) -> None:
        self.known = known
        """The clock after the last item of each client."""
        self.sequence = sequence
        """The last entry of the log that was taken."""
        self._store, self._random = store, random
        self._log_diff = LogDiff(store.updates, sequence)
        self.replica = Replica(session_client(random, known) if client_id is None else client_id)

    @property
    def client_id(self) -> int:
        """The client id this session writes under."""
        return self.replica.client_id

    def renew(self) -> None:
        """Drop a replica that broke; the next one has a client id of its own and is loaded from the log."""
        self.replica = Replica(session_client(self._random, self.known))

    def warm(self) -> Replica:
        """The replica with the whole document in it."""
        if not self.replica.whole:
            self.replica.load(updates_until(self._store, self.sequence))
        return self.replica

    def write(
        self,
        entries: Collection[tuple[str, str, str]],
        removals: Collection[Place] = (),
        *,
        astray: Collection[Place] = (),
    ) -> tuple[bytes, Spans]:
        """Write entries (root, key, text) and remove others in one transaction; returns the update and what it spans.

        Where one of the `astray` places is written, or one is removed that this session did not write, the whole is
        loaded: only an entry that is seen to stand there is surely written over or removed.
        Raises ReplicaBroken, and then this session writes under another client id.
        """
        if astray and any((root, key) in astray for root, key, _ in entries):
            self.warm()
        if removals and not all(self.replica.holds(*place) for place in removals):
            removals = [place for place in removals if self.warm().holds(*place)]
        replica = self.replica
        start = self.known.get(replica.client_id, 0)
        try:
            update = replica.transact(entries, removals, clock=start)
        except ReplicaBroken:
            self.renew()
            raise
        if not entries:
            return update, {}
        end = self.known[replica.client_id] = start + len(entries)
        return update, {replica.client_id: (start, end)}

    def attempt(self, use: Callable[[], bytes]) -> bytes:
        """Use the replica, and renew it when it breaks."""
        try:
            return use()
        except ReplicaBroken:
            self.renew()
            raise

    def refuse_forgery(self, spans: Spans, origin: str) -> None:
        """Raise UpdateRefused for items of our own client id that we never wrote."""
        own, wrote = self.client_id, self.known.get(self.client_id, 0)
        first, end = spans.get(own, (0, 0))
        if end > wrote:
            raise UpdateRefused(
                f"update from {origin!r} has items {first} to {end} of this document's own client id {own}, "
                f"which wrote {wrote}",
                code="client_id_taken",
                hint="A client id belongs to one session; let every opening draw its own",
            )

    def learn(self, spans: Spans) -> None:
        """Know the items of an update."""
        for client, (_, end) in spans.items():
            self.known[client] = max(end, self.known.get(client, 0))

    def remember(self, sequence: int, spans: Spans) -> None:
        """An entry of the log is taken; what it spans is remembered, for peers that lack little."""
        self.sequence = sequence
        self._log_diff.add(sequence, spans)

    def diff(self, state_vector: bytes | None) -> bytes:
        """An update with what a peer of this state vector lacks; from the log when that reaches back far enough."""
        theirs = read_update.read_state_vector(state_vector) if state_vector else {}
        found = self._log_diff.since(theirs, self.known)
        return found if found is not None else self.attempt(lambda: self.warm().encode(state_vector))

    def diffs(self, state_vector: bytes | None, bytes_max: int) -> list[bytes]:
        """The same in updates of bounded size; who has nothing gets the log, while the Y document is not loaded."""
        if not self.replica.whole and (not state_vector or not read_update.read_state_vector(state_vector)):
            log = updates_until(self._store, self.sequence)
            found = pieces_of(log, self.known, bytes_max)
            if found is not None:
                return found
        return list(in_pieces(self.diff(state_vector), bytes_max))
