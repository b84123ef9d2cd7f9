"""Freshness of a ledger: what is wrong between marker, ledger and transcript is one code, looked for in this order.

The transcript is looked at too: a thread that grew after its backfill is stale, whatever marker and ledger say.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple, TypeVar

from chatdoc.model.errors import UnreadableFile
from chatdoc.store.ledger import marker as markers
from chatdoc.store.ledger.marker import Marker
from chatdoc.store.ledger.project import Project, ThreadTurns
from migrate.transcript import ledger as ledgers
from migrate.transcript.ledger import Ledger
from migrate.transcript.summary import differences
from migrate.transcript.turn import TranscriptTurn, last_turns

CODES = {
    "current": "the ledger tells what the transcript tells",
    "transcript_unreadable": "what stands under the transcript's name cannot be read",
    "ledger_unreadable": "what stands under the ledger's name cannot be read",
    "marker_unreadable": "what stands under the marker's name cannot be read",
    "transcript_damaged": "the transcript is damaged, and the ledger has turns that it does not tell any more",
    "transcript_only": "there is no ledger yet",
    "ledger_deleted": "a marker names a ledger that is not there",
    "ledger_invalid": "the ledger is not valid by its schema",
    "ledger_newer": "a newer program wrote the ledger; it is not read here, and replaced by force alone",
    "ledger_other_thread": "the ledger is of another thread",
    "marker_missing": "the ledger has no marker; its backfill was interrupted, or it was exported by hand",
    "marker_invalid": "the marker is torn or of another version",
    "marker_other_thread": "the marker is of another thread",
    "digest_differs": "the ledger is not the one that the marker was written for",
    "count_differs": "the ledger has another number of entries than its marker says",
    "limit_differs": "the ledger was made with another limit",
    "transcript_missing": "the transcript is gone; the ledger alone tells of the thread",
    "transcript_changed": "the transcript grew or changed after the ledger was made",
}
"""Each code and what it says."""

_Found = TypeVar("_Found")


class Standing(NamedTuple):
    """How a thread's ledger stands, and what was read to find out."""

    code: str
    """As docs/ledger.md lists them; `current` is good."""
    ledger: Ledger | None
    marker: Marker | None
    digest: str | None
    """SHA-256 of the ledger's bytes."""


_BROKEN = "\N{REPLACEMENT CHARACTER}"
"""What a text has for bytes that are no UTF-8."""


def examine(project: Project, thread_id: str, *, limit: int | None = None) -> Standing:
    """How the ledger of a thread stands to its transcript; with a limit, also to a backfill with that limit."""
    present, transcript = _tried(lambda: project.digest(thread_id))
    data, unread = _tried(lambda: project.read(project.ledger(thread_id)))
    said, torn = _tried(lambda: project.read(project.marker(thread_id)))
    marker = markers.read(said) if said is not None else None
    if unread:
        return Standing("ledger_unreadable", None, marker, None)
    if data is None:
        absent = "transcript_only" if said is None else "ledger_deleted"
        odd = "transcript_unreadable" if transcript else "marker_unreadable" if torn else absent
        return Standing(odd, None, marker, None)
    ledger, digest = ledgers.read(data), sha256(data).hexdigest()

    def standing(code: str) -> Standing:
        return Standing(code, ledger, marker, digest)

    if ledger.turns is None:
        newer = any(one.code == "newer_version" for one in ledger.problems)
        return standing("ledger_newer" if newer else "ledger_invalid")
    if ledger.thread_id != thread_id:
        return standing("ledger_other_thread")
    if transcript or torn:
        return standing("transcript_unreadable" if transcript else "marker_unreadable")
    code = _of_marker(ledger, digest, said, marker, thread_id, limit)
    if code is None and present is None:
        return standing("transcript_missing")
    if code is None and marker is not None and present == marker.transcript_sha256:
        return standing("current")
    found = project.turns(thread_id)
    if found is not None and lacks(found, ledger.turns):
        return standing("transcript_damaged")
    if code is not None:
        return standing(code)
    # A marker of CodexChat, or a file that was saved anew: what it tells decides, not how it is spelled.
    told = last_turns(found.turns if found is not None else [], marker.turn_limit if marker else None)
    return standing("transcript_changed" if differences(ledger.turns, told) else "current")


def lacks(found: ThreadTurns, held: list[TranscriptTurn]) -> bool:
    """Whether a damaged transcript lacks turns that a ledger holds, or has broken texts where that has whole ones."""
    told = {turn.turn_id: turn for turn in found.turns} if found.damage else None
    return told is not None and any(
        (now := told.get(turn.turn_id)) is None or _breaks(now) > _breaks(turn) for turn in held
    )


def _of_marker(
    ledger: Ledger, digest: str, said: bytes | None, marker: Marker | None, thread_id: str, limit: int | None
) -> str | None:
    """How a ledger does not fit its marker; None where it does."""
    if said is None:
        return "marker_missing"
    if marker is None:
        return "marker_invalid"
    if marker.thread_id != thread_id:
        return "marker_other_thread"
    if marker.sha256.lower() != digest:
        return "digest_differs"
    if marker.entry_count != ledger.entry_count:
        return "count_differs"
    return "limit_differs" if limit is not None and marker.turn_limit != limit else None


def _breaks(turn: TranscriptTurn) -> int:
    texts = (turn.user_text, turn.assistant_text, *(one.detail for one in turn.actions))
    return sum(text.count(_BROKEN) for text in texts)


def _tried(read: Callable[[], _Found | None]) -> tuple[_Found | None, bool]:
    """What a file holds, and whether it cannot be read."""
    try:
        return read(), False
    except UnreadableFile:
        return None, True
