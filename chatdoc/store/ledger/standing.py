"""Freshness of a ledger: what is wrong between marker, ledger and transcript is one code, looked for in this order.

The transcript is looked at too: a thread that grew after its backfill is stale, whatever marker and ledger say.
"""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from chatdoc.store.ledger import marker as markers
from chatdoc.store.ledger.marker import Marker
from chatdoc.store.ledger.project import Project, read_if_there
from migrate.transcript import ledger as ledgers
from migrate.transcript.ledger import Ledger
from migrate.transcript.summary import differences
from migrate.transcript.turn import last_turns

CODES = {
    "current": "the ledger tells what the transcript tells",
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


class Standing(NamedTuple):
    """How a thread's ledger stands, and what was read to find out."""

    code: str
    """As docs/ledger.md lists them; `current` is good."""
    ledger: Ledger | None
    marker: Marker | None
    digest: str | None
    """SHA-256 of the ledger's bytes."""


def examine(project: Project, thread_id: str, *, limit: int | None = None) -> Standing:
    """How the ledger of a thread stands to its transcript; with a limit, also to a backfill with that limit."""
    data = read_if_there(project.ledger(thread_id))
    said = read_if_there(project.marker(thread_id))
    marker = markers.read(said) if said is not None else None
    if data is None:
        return Standing("transcript_only" if said is None else "ledger_deleted", None, marker, None)
    ledger, digest = ledgers.read(data), sha256(data).hexdigest()

    def standing(code: str) -> Standing:
        return Standing(code, ledger, marker, digest)

    if ledger.turns is None:
        newer = any(one.code == "newer_version" for one in ledger.problems)
        return standing("ledger_newer" if newer else "ledger_invalid")
    if ledger.thread_id != thread_id:
        return standing("ledger_other_thread")
    if said is None:
        return standing("marker_missing")
    if marker is None:
        return standing("marker_invalid")
    if marker.thread_id != thread_id:
        return standing("marker_other_thread")
    if marker.sha256.lower() != digest:
        return standing("digest_differs")
    if marker.entry_count != ledger.entry_count:
        return standing("count_differs")
    if limit is not None and marker.turn_limit != limit:
        return standing("limit_differs")
    present = project.digest(thread_id)
    if present is None:
        return standing("transcript_missing")
    if present == marker.transcript_sha256:
        return standing("current")
    # A marker of CodexChat, or a file that was saved anew: what it tells decides, not how it is spelled.
    told = last_turns(project.require_turns(thread_id).turns, marker.turn_limit)
    return standing("transcript_changed" if differences(ledger.turns, told) else "current")
