"""Updates that came too early wait here, bounded, and leave when all they build on is known.

pycrdt places an update whose predecessors are missing in a wrong way in more than half of shuffled histories, so none
is ever applied early. Whoever holds something asks its peers: a sync by state vector brings what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heappop, heappush

from chatdoc.crdt.read_update import Reading, read
from chatdoc.crdt.ydoc import merge
from chatdoc.model.errors import UpdateRefused

HELD_COUNT_MAX = 4096
HELD_BYTES_MAX = 64 * 1024 * 1024
_PASSES_MAX = 16
_RESYNC = "Ask the peer for a sync by state vector instead of single updates"


def needs(reading: Reading) -> dict[int, int]:
    """What an update builds on and does not bring itself: for each client, the clock up to which it must be known."""
    ends = {client: end for client, (_, end) in reading.spans.items()}
    before = {client: first for client, (first, _) in reading.spans.items() if first}
    for item in reading.items:
        if item.origin is not None:
            client, clock = item.origin
            if clock >= ends.get(client, 0) and clock >= before.get(client, 0):
                before[client] = clock + 1
    for client, clock, length in reading.removed:
        if clock + length > ends.get(client, 0):
            before[client] = max(clock + length, before.get(client, 0))
    return before


def missing(reading: Reading, known: Mapping[int, int]) -> dict[int, int]:
    """For each client that lacks something, the clock up to which it must be known before the update may be applied.

    Lacking are clocks before an item, an origin, or a deleted item that neither `known` nor the update itself has.
    """
    return {client: clock for client, clock in needs(reading).items() if clock > known.get(client, 0)}


def has_news(reading: Reading, known: Mapping[int, int]) -> bool:
    """Whether an update may say something new; a state vector does not tell which deletes are known."""
    return bool(reading.removed) or any(
        end > known.get(client, 0) for client, (_, end) in reading.spans.items()
    )


class Pending:
    """A bounded set of early updates of one document; equal updates are held once."""

    def __init__(self, *, count_max: int = HELD_COUNT_MAX, bytes_max: int = HELD_BYTES_MAX) -> None:
        self.count_max = count_max
        self.bytes_max = bytes_max
        self.bytes_held = 0
        self._held: dict[bytes, Reading] = {}
        self._senders: dict[bytes, str] = {}
        self._shut: dict[bytes, int] = {}  # how many gates of a held update are still shut
        self._gates: dict[
            int, list[tuple[int, bytes]]
        ] = {}  # client -> heap of (clock it must reach, update)
        self._ready: list[bytes] = []
        self._stirred = False  # something came or opened since a group was last looked for

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, update: bytes) -> bool:
        return update in self._held

    def hold(self, update: bytes, reading: Reading, *, origin: str = "") -> bool:
        """Keep an update and who sent it; False when it is held already; raises UpdateRefused."""
        if update in self._held:
            return False
        if len(self._held) >= self.count_max or self.bytes_held + len(update) > self.bytes_max:
            raise UpdateRefused(
                f"Expected at most {self.count_max} updates of together {self.bytes_max} bytes that came too early, "
                f"came one of {len(update)} bytes beside {len(self._held)} of {self.bytes_held}",
                code="came_too_early",
                permanent=False,
                hint=_RESYNC,
            )
        gates = needs(reading)
        self._held[update] = reading
        self._senders[update] = origin
        self._shut[update] = len(gates)
        self.bytes_held += len(update)
        self._stirred = True
        for client, clock in gates.items():
            heappush(self._gates.setdefault(client, []), (clock, update))
        if not gates:
            heappush(self._ready, update)
        return True

    def release(self, known: Mapping[int, int]) -> list[tuple[bytes, Reading]]:
        """The updates that may now be applied, in that order; each may rely on `known` and on those before it.

        The order depends on what is held and known, not on how it came. Updates that only together are complete (two
        peers that batch, each building on the other) come out as one merged update.
        """
        reach = dict(known)
        released: list[tuple[bytes, Reading]] = []
        for client in list(self._gates):
            self._open(client, reach.get(client, 0))
        while True:
            if self._ready:
                update = heappop(self._ready)
                reading = self._take(update)
            else:
                merged = self._take_group(reach) if self._stirred else None
                self._stirred = False
                if merged is None:
                    return released
                update, reading = merged
            if has_news(reading, reach):
                released.append((update, reading))
            for client, (_, end) in reading.spans.items():
                if end > reach.get(client, 0):
                    reach[client] = end
                    self._open(client, end)

    def sender_of(self, update: bytes) -> str:
        """Who sent an update that was just released, to be asked once; empty for several that were merged."""
        return self._senders.pop(update, "")

    def _open(self, client: int, clock: int) -> None:
        """Open the gates of all updates that wait for a client's clocks before this one."""
        gates = self._gates.get(client, [])
        while gates and (gates[0][0] <= clock or gates[0][1] not in self._held):
            update = heappop(gates)[1]
            if update in self._held:
                self._stirred = True
                self._shut[update] -= 1
                if not self._shut[update]:
                    heappush(self._ready, update)
        if not gates:
            self._gates.pop(client, None)

    def _take(self, update: bytes) -> Reading:
        """Hold an update no longer."""
        del self._shut[update]
        self.bytes_held -= len(update)
        return self._held.pop(update)

    def _take_group(self, reach: Mapping[int, int]) -> tuple[bytes, Reading] | None:
        """Merge and hold no longer the updates that wait for nothing but each other; None when there are none."""
        group = self._complete_group(reach)
        if not group:
            return None
        update = merge(group)
        try:
            reading = read(update)
        except UpdateRefused:
            return (
                None  # Forged: their origins run in a circle. Honest ones among them arrive by state vector.
            )
        for part in group:
            self._take(part)
            self._senders.pop(part, None)
        return update, reading

    def _complete_group(self, reach: Mapping[int, int]) -> list[bytes]:
        """Held updates that are complete together, in the order of their bytes; only a few passes, as peers may forge.

        Starts from all and drops those that lack something, until nothing changes.
        """
        group = sorted(self._held)
        for _ in range(_PASSES_MAX):
            ends = dict(reach)
            spans = sorted(
                (*span, client) for update in group for client, span in self._held[update].spans.items()
            )
            for first, end, client in spans:
                if first <= ends.get(client, 0):
                    ends[client] = max(end, ends.get(client, 0))
            kept = [update for update in group if not missing(self._held[update], ends)]
            if len(kept) == len(group):
                return group
            group = kept
        return []
