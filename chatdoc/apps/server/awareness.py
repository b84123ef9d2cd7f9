"""Awareness of one room: presence is relayed, never stored; a client id is gone when its connection or its time is."""

from __future__ import annotations

from collections import defaultdict

from chatdoc.apps.server.wire import Presence

ELSEWHERE = object()
"""Who owns the client ids of other servers; a client that comes here takes its own along."""


class _State:
    __slots__ = ("clock", "owner", "renewed_at", "state")

    def __init__(self, owner: object, clock: int, state: str, now: float) -> None:
        self.owner, self.clock, self.state, self.renewed_at = owner, clock, state, now


class Awareness:
    """Who is present, by client id; each id belongs to the connection that brought it."""

    def __init__(self, *, clients_max: int, silent_s: float) -> None:
        self._clients_max = clients_max
        self._silent_s = silent_s
        self._states: dict[int, _State] = {}
        self._announced: defaultdict[object, set[int]] = defaultdict(set)
        """The same ids by connection: each update that a room takes asks for those of its sender."""

    def __len__(self) -> int:
        return len(self._states)

    def present(self) -> list[Presence]:
        """Everybody who is there."""
        return [Presence(client, one.clock, one.state) for client, one in self._states.items()]

    def present_here(self) -> list[Presence]:
        """Those who are there through this server."""
        return [
            Presence(client, one.clock, one.state)
            for client, one in self._states.items()
            if one.owner is not ELSEWHERE
        ]

    def announced(self, owner: object) -> frozenset[int]:
        """The client ids that a connection announced."""
        return frozenset(self._announced.get(owner, ()))

    def take(self, owner: object, sent: list[Presence], now: float) -> list[Presence]:
        """What is new in an awareness update, to be relayed; what a client repeats of others is passed over."""
        news = []
        for one in sent:
            held = self._states.get(one.client)
            if held is not None and held.owner is not owner and held.owner is not ELSEWHERE:
                continue
            if one.state is None:
                if held is not None and held.owner is owner and one.clock >= held.clock:
                    self._remove(one.client)
                    news.append(one)
                continue
            if (held is None or held.owner is not owner) and self._is_full(owner):
                continue
            if held is None:
                self._states[one.client] = _State(owner, one.clock, one.state, now)
                self._announced[owner].add(one.client)
            elif one.clock > held.clock:  # At the same clock it is what a client repeats of one elsewhere.
                if held.owner is not owner:
                    self._forget(one.client, held.owner)
                    self._announced[owner].add(one.client)
                held.owner, held.clock, held.state, held.renewed_at = owner, one.clock, one.state, now
            else:
                continue
            news.append(one)
        return news

    def leave(self, owner: object) -> list[Presence]:
        """Let go of all that a connection announced; what the others are told."""
        return [self._remove(client) for client in sorted(self.announced(owner))]

    def expire(self, now: float) -> list[Presence]:
        """Let go of whoever said nothing for too long; what the others are told."""
        late = [client for client, one in self._states.items() if now - one.renewed_at >= self._silent_s]
        return [self._remove(client) for client in late]

    def _is_full(self, owner: object) -> bool:
        return owner is not ELSEWHERE and len(self._announced.get(owner, ())) >= self._clients_max

    def _remove(self, client: int) -> Presence:
        # At the same clock: a client that comes back under its id is heard again at its next renewal.
        held = self._states.pop(client)
        self._forget(client, held.owner)
        return Presence(client, held.clock, None)

    def _forget(self, client: int, owner: object) -> None:
        left = self._announced[owner]
        left.discard(client)
        if not left:
            del self._announced[owner]
