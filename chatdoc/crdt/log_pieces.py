"""A whole log as a few large updates: items are put behind each other as bytes, and neither decoded nor integrated.

So whoever joins with nothing gets everything without a Y document being loaded for him. Updates of one client, one
behind the other in its numbers and without removals, are one block, and a large one is cut; any other stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chatdoc.crdt.cut_update import cut
from chatdoc.crdt.join_updates import following, plain_of
from chatdoc.crdt.lib0 import number
from chatdoc.crdt.read_update import read
from chatdoc.crdt.write_update import in_pieces

ODD_MAX = 256
"""So many updates may stay as they are; of a log with more, the encoded Y document is smaller, or fewer pieces."""


def pieces_of(updates: Iterable[bytes], known: Mapping[int, int], bytes_max: int) -> list[bytes] | None:
    """The updates of a log, in its order, as updates of bounded size that say the same when received in theirs.

    `known` is what they come to: the clock after the last item of each client. None where they do not, or where too
    many of them have to stay as they are.
    """
    pieces: list[bytes] = []
    blocks: dict[int, _Block] = {}
    reach: dict[int, int] = {}
    size = odd = last = 0

    def flush() -> None:
        nonlocal size
        if blocks:
            pieces.append(
                b"".join(
                    [number(len(blocks)), *(part for one in blocks.values() for part in one.parts()), b"\0"]
                )
            )
            blocks.clear()
            size = 0

    for update in updates:
        plain = None
        if len(update) <= bytes_max:
            # Whoever wrote the last one wrote this one too, more often than not.
            plain = following(update, last, reach.get(last, 0)) or plain_of(update)
        if plain is not None and plain.clock == reach.get(plain.client, 0):
            last = plain.client
            block = blocks.get(plain.client)
            if block is None:
                block = blocks[plain.client] = _Block(plain.client, plain.clock)
            block.count += plain.items
            block.items.append(update[plain.start : -1])
            reach[plain.client] = plain.clock + plain.items
            size += len(update)
            if size >= bytes_max:
                flush()
            continue
        odd += 1
        if odd > ODD_MAX:
            return None
        flush()
        whole = cut(update, bytes_max) if len(update) > bytes_max else None
        if whole is not None:
            reach[whole.client] = max(whole.end, reach.get(whole.client, 0))
            pieces += whole.pieces
            continue
        for client, (_, end) in read(update, bounded=False).spans.items():
            reach[client] = max(end, reach.get(client, 0))
        pieces += in_pieces(update, bytes_max)
    flush()
    return pieces if reach == {client: end for client, end in known.items() if end} else None


class _Block:
    """Items of one client, one behind the other in its numbers."""

    def __init__(self, client: int, clock: int) -> None:
        self.client, self.clock = client, clock
        self.count = 0
        self.items: list[bytes] = []

    def parts(self) -> list[bytes]:
        """The bytes of the block."""
        return [number(self.count), number(self.client), number(self.clock), *self.items]
