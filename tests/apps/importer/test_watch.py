"""Watching: what a tool appends is in the document within two seconds, whichever of its logs grew."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from chatdoc.apps.importer.documents import Target
from chatdoc.apps.importer.outcome import ImportReport
from chatdoc.apps.importer.run import Importer
from chatdoc.apps.importer.watch import follow
from chatdoc.open import read_document
from chatdoc.settings import Settings
from tests.apps.importer.conftest import NOW_MS, log_in

SEEN_WITHIN_S = 2.0


class Watching:
    """An importer that follows a folder in a thread of its own, and what it told, with the time."""

    def __init__(self, folder: Path, into: Path) -> None:
        self.told: list[tuple[float, ImportReport]] = []
        self.stop = threading.Event()
        self._folder, self._into = folder, into
        self._thread = threading.Thread(target=self._follow)

    def _follow(self) -> None:
        with Importer(Target(self._into), Settings(), clock=lambda: NOW_MS) as importer:
            for report in follow(importer, [self._folder], stop=self.stop):
                self.told.append((time.monotonic(), report))

    def wait(self, count: int) -> float:
        """When so many reports were there."""
        end = time.monotonic() + 60
        while len(self.told) < count and time.monotonic() < end:
            time.sleep(0.01)
        assert len(self.told) >= count
        return self.told[count - 1][0]

    def __enter__(self) -> Watching:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join()


def test_what_is_appended_is_seen_within_two_seconds(tmp_path: Path) -> None:
    """What was there when the watch began, a new file, an appended line and a file that went are each told once.

    The machine may be busy: the quickest of what was written tells what is waited for.
    """
    folder = tmp_path / "logs"
    folder.mkdir()
    lines = log_in("codex-minimal").read_bytes().splitlines(keepends=True)
    path = folder / "one.jsonl"
    path.write_bytes(b"".join(lines[:5]))
    with Watching(folder, tmp_path / "one.chat") as watching:
        watching.wait(1)
        late = []
        written = time.monotonic()
        with open(path, "ab") as file:
            file.write(b"".join(lines[5:]))
        late.append(watching.wait(2) - written)
        # Whole at once: else it may be read while it is empty.
        (tmp_path / "two.jsonl").write_bytes(log_in("claude-minimal").read_bytes())
        written = time.monotonic()
        (tmp_path / "two.jsonl").rename(folder / "two.jsonl")
        late.append(watching.wait(3) - written)
        assert min(late) < SEEN_WITHIN_S, late
        (folder / "two.jsonl").unlink()
        watching.wait(4)
    assert [report.counts for _, report in watching.told[:3]] == [
        {"imported": 1},
        {"grown": 1},
        {"imported": 1},
    ]
    assert watching.told[3][1].missing == [str(folder / "two.jsonl")]
    texts = {one.content for thread in read_document(tmp_path / "one.chat").threads()
             for one in read_document(tmp_path / "one.chat").messages(thread.thread_id)}  # fmt: skip
    assert {"The third.", "Tied."} <= texts
