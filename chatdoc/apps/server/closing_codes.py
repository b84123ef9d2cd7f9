"""Closing codes of a websocket: why a connection ends, and whether its client comes back by itself."""

from __future__ import annotations

SLOW, FAILED, FULL, GOING = 4508, 4500, 4529, 4503
"""A client comes back after these: it was slow, the room failed, no room left, we stop."""
BAD_MESSAGE, UNKNOWN, MISSING, TOO_LARGE, REFUSED, DESTROYS = 4400, 4401, 4404, 4413, 4422, 4423
"""It does not after these: y-websocket reads 4400 to 4499 as permanent."""
_REASON_BYTES_MAX = 120


def closing_reason(words: str) -> str:
    """As much of a reason as a closing frame holds: of one that is too long whole sentences, or whole words."""
    if len(words.encode()) <= _REASON_BYTES_MAX:
        return words
    fits = words.encode()[: _REASON_BYTES_MAX - len("…".encode())].decode("utf-8", "ignore")
    sentence, stop, _ = fits.rpartition(". ")
    return f"{sentence}." if stop else f"{fits.rpartition(' ')[0] or fits}…"
