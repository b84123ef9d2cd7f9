"""Watching logs that grow: the operating system says which file changed, and only what it gained is read.

The watch begins before the first look, so nothing that is written in between is missed; a kill at any time costs a
piece read twice, which adds nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from watchfiles import Change, watch

from chatdoc.apps.importer.discover import SUFFIXES
from chatdoc.apps.importer.outcome import ImportReport
from chatdoc.apps.importer.run import Importer
from chatdoc.store.chat_folders import is_gone

SETTLE_MS = 200
"""Changes that follow each other within this time are read together."""


def follow(
    importer: Importer, paths: Sequence[Path], *, stop: threading.Event | None = None
) -> Iterator[ImportReport]:
    """Reports of what was imported because it changed, until `stop` is set or the process is interrupted."""
    roots = importer.roots(paths)
    if not roots:
        return
    watched = {root if root.is_dir() else root.parent for root in roots}
    began = False
    for changes in watch(
        *watched,
        watch_filter=_is_log,
        debounce=SETTLE_MS,
        step=50,
        rust_timeout=500,
        yield_on_timeout=True,
        stop_event=stop,
        raise_interrupt=False,
        ignore_permission_denied=True,
    ):
        if not began:
            began = True
            touched = list(roots)
        else:
            touched = sorted({Path(path) for _, path in changes if _concerns(Path(path), roots)})
        if not touched:
            continue
        report = importer.run([path for path in touched if not is_gone(path)] or touched[:0], stage="live")
        gone = importer.note_missing([path for path in touched if is_gone(path)])
        if gone or any(one.result != "unchanged" for one in report.sessions):
            yield report if not gone else _with(report, gone)


def _is_log(change: Change, path: str) -> bool:
    return path.endswith(SUFFIXES)


def _concerns(path: Path, roots: list[Path]) -> bool:
    return any(path == root or path.is_relative_to(root) for root in roots)


def _with(report: ImportReport, gone: list[str]) -> ImportReport:
    return ImportReport(ok=report.ok, sessions=report.sessions, counts=report.counts, missing=gone)
