"""Golden session logs and what the tests do with them: read a log whole, in pieces, and show what came of it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from chatdoc.model.facts import Fact
from chatdoc.model.view.apply import apply
from chatdoc.model.view.view import View
from migrate.session.account import spelled
from migrate.session.item import Source
from migrate.session.sniff import sniff
from migrate.session.thread_state import Activity
from migrate.session.weave import LogWeaver
from migrate.v2.write import render
from tests.tidy.source import PROJECT

CASES = PROJECT / "golden" / "sessions"
FOLDERS = sorted(path for path in CASES.iterdir() if path.is_dir())


def log_of(folder: Path) -> tuple[str, bytes]:
    """The stem of a case's log, and its bytes."""
    (path,) = [one for one in folder.iterdir() if one.suffix in (".jsonl", ".ndjson")]
    return path.stem, path.read_bytes()


def source_of(raw: bytes) -> Source:
    """The source that a log's bytes name."""
    source = sniff(raw)
    assert source is not None
    return source


def feed(weaver: LogWeaver, raw: bytes) -> bytes:
    """Feed the whole lines of some bytes; returns what follows the last LF."""
    lines = raw.split(b"\n")
    tail = lines.pop()
    for line in lines:
        weaver.feed(line + b"\n")
    return tail


def read(raw: bytes, stem: str, source: Source | None = None) -> LogWeaver:
    """A log read from its first byte to its last."""
    weaver = LogWeaver.start(source or source_of(raw), stem)
    weaver.end(feed(weaver, raw))
    return weaver


def read_growing(raw: bytes, stem: str, cuts: list[int]) -> tuple[View, list[Activity], LogWeaver]:
    """A log read each time it has grown to a cut, going on from what was stored the time before."""
    view = View()
    source = source_of(raw)
    stored: bytes | None = None
    activities: list[Activity] = []
    weaver = LogWeaver.start(source, stem)
    for cut in [*sorted(cuts), len(raw)]:
        weaver = LogWeaver.start(source, stem) if stored is None else LogWeaver.resume(stored, stem)
        tail = feed(weaver, raw[weaver.progress.offset : cut])
        stored = weaver.stored() or stored
        weaver.end(tail)
        apply(view, weaver.woven.all_facts(), origin="import")
        activities += weaver.woven.activities
    return view, activities, weaver


def view_of(facts: list[Fact]) -> View:
    """The view of these facts."""
    view = View()
    apply(view, facts, origin="import")
    return view


def summary(weaver: LogWeaver) -> bytes:
    """What came of a log, as JSON for people and tests."""
    told = {
        "source": weaver.progress.source,
        "sessions": [
            {
                "session": one.session,
                "prompts": one.state.prompts,
                "answers": one.state.answers,
                "tool_calls": one.state.calls,
                "tokens": one.tokens,
                "link": one.link,
                "lines": spelled(one.lines),
            }
            for one in weaver.tallies()
        ],
        "notes": weaver.progress.notes,
        "unknown_kinds": weaver.progress.unknown_kinds,
        "activities": [
            f"{one.kind}{' failed' if one.failed else ''}: {one.summary}" for one in weaver.woven.activities
        ],
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"


def text_of(view: View) -> bytes:
    """The `.chat` text of a view."""
    return render(view)
