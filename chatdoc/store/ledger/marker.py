"""Backfill marker: which ledger was made from which transcript, so that a stale one is found and a fresh one left."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from migrate.transcript import swift_json
from migrate.transcript.identity import is_uuid
from migrate.transcript.ledger import SCHEMA_VERSION


class Marker(NamedTuple):
    """What is known of a ledger; `transcript_sha256` is None in markers of CodexChat, which never looked there."""

    thread_id: str
    ledger_path: str
    turn_limit: int
    entry_count: int
    sha256: str
    transcript_sha256: str | None


def render(marker: Marker, *, project_path: str, generated_at: str) -> bytes:
    """The marker as JSON; programs that know version 1 pass over the field that is ours."""
    document = {
        "schemaVersion": SCHEMA_VERSION,
        "generatedAt": generated_at,
        "projectPath": project_path,
        "threadID": marker.thread_id,
        "ledgerPath": marker.ledger_path,
        "turnLimit": marker.turn_limit,
        "entryCount": marker.entry_count,
        "sha256": marker.sha256,
    }
    if marker.transcript_sha256 is not None:
        document["transcriptSHA256"] = marker.transcript_sha256
    return swift_json.encode(document).encode("utf-8", "backslashreplace")


def read(data: bytes) -> Marker | None:
    """What a marker says; None for anything that is no marker of version 1, a torn one say."""
    try:
        said = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("schemaVersion") != SCHEMA_VERSION:
        return None
    texts = [said.get(name) for name in ("threadID", "ledgerPath", "sha256")]
    numbers = [said.get(name) for name in ("turnLimit", "entryCount")]
    transcript = said.get("transcriptSHA256")
    if not all(isinstance(one, str) for one in texts) or not is_uuid(str(texts[0])):
        return None
    if not all(isinstance(one, int) and not isinstance(one, bool) for one in numbers):
        return None
    return Marker(
        thread_id=str(texts[0]).upper(),
        ledger_path=str(texts[1]),
        turn_limit=int(numbers[0] or 0),
        entry_count=int(numbers[1] or 0),
        sha256=str(texts[2]),
        transcript_sha256=transcript if isinstance(transcript, str) else None,
    )
