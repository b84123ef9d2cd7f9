"""`chatdoc log` prints what happened, one event a line, and goes on printing while others write when asked to."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from chatdoc.apps.cli.brief import brief
from chatdoc.apps.cli.terminal import cell, columns, console, json_lines, json_option, json_text, line, say
from chatdoc.event_view import EventView
from chatdoc.model.errors import CommandRefused
from chatdoc.model.events.envelope import envelope
from chatdoc.model.events.event import Event
from chatdoc.model.events.types import ThreadCreated, ThreadMetaUpdated
from chatdoc.workspace import log_of

TITLE_CELLS = 26
"""As wide as a ULID, so that a thread without a title is shown with its whole id."""
TYPE_CELLS = 27
"""Two types are longer; they are whole all the same."""
TEXT_CELLS_MIN = 40


@click.command("log")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--follow", is_flag=True, help="Go on with what is written later; Ctrl-C ends it.")
@click.option(
    "--from",
    "after",
    type=click.IntRange(min=0),
    metavar="SEQUENCE",
    help="Only events beyond this one, say beyond the snapshotSequence of a snapshot; else all there are.",
)
@click.option("--thread-id", metavar="ID", help="Only events of this thread.")
@json_option
def log(file: Path, follow: bool, after: int | None, thread_id: str | None, as_json: bool) -> None:
    """Print the event log of FILE.

    One event a line: its sequence, time, type, thread and what it says. With --json each line is an object with the
    whole event. Nothing is written.
    """
    if as_json:
        json_lines()
    # Ctrl-C is how following is meant to end; what was printed until then are whole lines.
    with contextlib.suppress(*(KeyboardInterrupt,) if follow else ()), log_of(file) as view:
        if thread_id is not None:
            view.thread(thread_id)
        if after is not None and after > (last := view.last_sequence()):
            raise CommandRefused(
                f"--from {after} lies beyond the end: this log ends with event {last}, so it is another one",
                hint="Begin without --from",
            )
        begin = view.compacted_through() if after is None else after
        if after is None and begin:
            say(f"events up to {begin} were removed by a compaction of the log", err=True)
        spell = _in_json if as_json else _Lines(view)
        for event in _events(view, begin, thread_id, follow):
            say(spell(event))


def _events(view: EventView, after: int, thread_id: str | None, follow: bool) -> Iterator[Event]:
    for event in view.events(from_sequence_exclusive=after, thread_id=thread_id):
        yield event
        after = event.sequence
    if follow:
        yield from view.follow(after, thread_id=thread_id)


def _in_json(event: Event) -> str:
    return json_text(envelope(event))


class _Lines:
    """Events as people read them; a thread has the title that it has now."""

    def __init__(self, view: EventView) -> None:
        self._as_of = view.last_sequence()
        self._titles = {thread.id: thread.title for thread in view.threads()}
        self._title_now: Callable[[str], str] = lambda thread_id: view.thread(thread_id).title
        self._width = columns(console())

    def __call__(self, event: Event) -> str:
        date = event.occurred_at[:19].replace("T", " ") + "Z"
        event_type = line(event.event_type).plain.ljust(TYPE_CELLS)
        head = f"{event.sequence:>6}  {date}  {event_type}  {cell(self._thread(event), TITLE_CELLS)}  "
        room = max(TEXT_CELLS_MIN, self._width - len(head))
        return (head + line(brief(event), room).plain).rstrip()

    def _thread(self, event: Event) -> str:
        if event.aggregate_kind != "thread":
            return ""
        thread_id, renames = event.stream_id, isinstance(event.payload, ThreadCreated | ThreadMetaUpdated)
        if thread_id not in self._titles or (renames and event.sequence > self._as_of):
            self._titles[thread_id] = self._title_now(thread_id)
        return self._titles[thread_id] or thread_id
