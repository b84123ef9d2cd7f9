"""Backpressure in figures: how much one client may send, let wait or hold, before it is asked to go or to wait."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of a server; a client beyond one is told its name, and a browser's client comes back by itself."""

    message_bytes_max: int = 16 * 1024 * 1024
    """A longer websocket message or request body is not read."""
    waiting_bytes_max: int = 8 * 1024 * 1024
    """So much may wait in a client's send queue, besides what it asked for when it joined; more closes it as slow."""
    waiting_messages_max: int = 4096
    """So many messages may wait in a client's send queue."""
    unhandled_bytes_max: int = 8 * 1024 * 1024
    """So much of one client may wait for its room; until it is less, nothing more of it is read."""
    messages_per_second_max: int = 50_000
    """A client that sends more in a second is read no faster."""
    awareness_bytes_max: int = 64 * 1024
    """The largest presence of one client."""
    awareness_clients_max: int = 64
    """So many client ids may be present through one connection."""
    awareness_silent_s: float = 30.0
    """Presence that nobody renewed for so long is over."""
    refused_updates_max: int = 16
    """A client with so many refused updates in one connection is closed."""
    settled_clocks_max: int = 4096
    """So many refused items of one update are settled as removed; an update with more is refused as a whole."""
    broadcast_bytes_max: int = 256 * 1024
    """Updates are merged into messages of about this size."""
    batch_updates_max: int = 1024
    """So many updates make one transaction; with more of them clients wait for what they could be reading already."""
    hot_commands_per_second: int = 0
    """A document with so many here, which others write to as well, is hot: its owner batches them; 0 is never.

    Never unless you say so: two servers that write as fast as they can come from 3,270 to 4,000 commands a second with
    it, on two cores with the database on them, and who writes less is answered a trip later.
    """
    owner_answer_s: float = 0.5
    """An owner that does not answer for so long is not waited for: the command is carried out here."""
    clients_max: int = 10_000
    """So many websockets are open at once."""
    rooms_max: int = 1_000
    """So many documents are open at once."""
    idle_close_s: float = 30.0
    """A document nobody uses is saved and closed after so long."""
    join_kept_s: float = 60.0
    """A large document is kept in memory as it is sent to joiners until nobody has joined for so long."""
    autosave_s: float = 2.0
    """A changed document's `.chat` text is written so long after a change, as soon as nobody writes any more."""
    autosave_busy_s: float = 20.0
    """While changes go on without a pause, it is written at most this much later; its store has all of them."""
    request_s: float = 60.0
    """A request, its body too, must come whole within so long, or its connection is closed."""
    hello_s: float = 10.0
    """Whoever must show a token in the first message has so long for it."""
    ask_again_s: float = 60.0
    """So often `authenticate` is asked again about whoever is connected: a token that ended ends its connection."""
    unread_s: float = 60.0
    """A connection whose client reads nothing of what waits for it for so long is ended."""
    drain_s: float = 3.0
    """A graceful stop waits so long, once all is saved, for what clients have not read; then it ends them."""
    page_max: int = 500
    """The most messages or events of one answer."""
    page_bytes_max: int = 512 * 1024
    """So many bytes of messages or events are one answer, or one part of a stream; the first is there in any case."""
