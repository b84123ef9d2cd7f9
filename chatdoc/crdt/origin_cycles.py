"""No item of an update waits, through the origins of others, for itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from chatdoc.crdt.lib0 import CLOCK_END, refused


class _Item(Protocol):
    @property
    def client(self) -> int: ...
    @property
    def clock(self) -> int: ...
    @property
    def origin(self) -> tuple[int, int] | None: ...


def refuse_circle(items: Iterable[_Item], spans: Mapping[int, tuple[int, int]]) -> None:
    """Raise UpdateRefused when origins run in a circle; such items could never be placed, and pycrdt may hang.

    Within one client the guard has seen that every origin is older. So only origins of other clients within the same
    update count: `gates` are the items that have one, in the order of their clocks, and a client's items are
    placed up to its first gate that is still shut. Takes time in proportion to the number of gates.
    """
    gates: dict[int, list[tuple[int, int, int]]] = {}
    for item in items:
        origin = item.origin
        if origin is not None and origin[0] != item.client:
            first, end = spans.get(origin[0], (0, 0))
            if first <= origin[1] < end:
                gates.setdefault(item.client, []).append((item.clock, *origin))
    for shut in gates.values():
        shut.reverse()
    for client in list(gates):
        path = [(client, CLOCK_END)]
        on_path = {client}
        while path:
            waiting, wanted = path[-1]
            shut = gates[waiting]
            if not shut or shut[-1][0] > wanted:
                on_path.discard(path.pop()[0])
                continue
            clock, other, before = shut[-1]
            if not gates.get(other) or gates[other][-1][0] > before:
                shut.pop()
            elif other in on_path:
                raise refused(0, "origins older than their items", f"a circle through {waiting}:{clock}")
            else:
                path.append((other, before))
                on_path.add(other)
