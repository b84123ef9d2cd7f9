"""Legacy archive by days: its turns are merged into the files of their threads, once; the days stay as they are."""

from __future__ import annotations

from chatdoc.model.errors import UnreadableFile
from chatdoc.store.atomic_file import write_atomically
from chatdoc.store.ledger.project import LEGACY_MARKER, Project
from chatdoc.store.ledger.transcript_writer import require_known_version
from migrate.transcript import legacy, read, write
from migrate.transcript.turn import TranscriptTurn, in_order, whole_seconds
from migrate.transcript.upsert import upserted


def take_over_days(project: Project, now_iso: str) -> int:
    """Merge the legacy archive into the thread files unless that was done; returns how many turns came.

    What cannot be read, the project's `unreadable` names, stops nothing else, and the next call takes it over: the
    archive counts as taken over when all of it was.
    """
    if project.days_are_merged():
        return 0
    added, lost = 0, 0
    with project.writing(), project.listed_once():
        by_thread: dict[str, list[TranscriptTurn]] = {}
        for thread_id, day in project.days():
            try:
                data = project.read(day)
            except UnreadableFile:
                lost += 1
                continue
            turns, _ = legacy.read_day(data or b"", thread_id)
            by_thread.setdefault(thread_id, []).extend(turns)
        for thread_id, turns in by_thread.items():
            try:
                added += _merge_days(project, thread_id, turns)
            except UnreadableFile:
                lost += 1
        lost += sum(project.chats in (one, one.parent) for one in project.unreadable)
        if not lost:
            write_atomically(
                project.threads / LEGACY_MARKER, f"Backfilled at {whole_seconds(now_iso)}\n".encode()
            )
    return added


def _merge_days(project: Project, thread_id: str, turns: list[TranscriptTurn]) -> int:
    path = project.transcript(thread_id)
    before = project.read(path)
    if before is None:
        merged = legacy.merged([], turns)
        write_atomically(path, write.render(thread_id, merged))
        return len(merged)
    file = read.read(before)
    require_known_version(file.version, path)
    known = {turn.turn_id for turn in file.turns}
    fresh = [turn for turn in legacy.merged(file.turns, turns) if turn.turn_id not in known]
    if not fresh:
        return 0
    if file.problems:  # What cannot be read stays where it is, so the rest does too.
        data = upserted(file, fresh)
    else:
        data = write.render(thread_id, in_order([*fresh, *file.turns]))
    write_atomically(path, data)
    return len(fresh)
