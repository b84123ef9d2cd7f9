"""A log that nobody has used yet goes along when its chat moves to a database and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from benchmarks.data import legacy
from chatdoc import open_document
from chatdoc.apps.cli.main import main
from chatdoc.cutover import cutover
from chatdoc.document import Document
from chatdoc.engine import begin_event_log
from chatdoc.event_view import EventView
from chatdoc.workspace import log_of

NAME = "a.chat"


def threads_told(log: EventView) -> list[tuple[str, Any]]:
    """What the log tells of threads; where an opening found the document it tells too, each side for itself."""
    return [(one.event_id, one.payload) for one in log.events() if one.aggregate_kind == "thread"]


@pytest.mark.parametrize("at", [None, "backfill", "verify"])
@pytest.mark.parametrize("is_told", [False, True], ids=["", "told there"])
def test_a_log_that_nobody_used_goes_along(
    at: str | None, is_told: bool, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is first used while the chat moves, behind that, or at the other side before: events are the same ones."""
    monkeypatch.setattr(begin_event_log, "LONG_MIN", 0)
    file = tmp_path / NAME
    file.write_bytes(legacy(40))
    open_document(file).close()
    with log_of(file) as log:
        before = threads_told(log)
    if is_told:
        assert CliRunner().invoke(main, ["push", str(file), "--store", url]).exit_code == 0
        with open_document(f"{url}#{NAME}") as doc:
            assert doc.log.last_sequence() == len(before) + 1
    writer = open_document(file)

    def speak(doc: Document, content: str) -> None:
        doc.send(doc.threads()[0].thread_id, sender_id="eve", content=content)

    assert (
        cutover(file, url, on_phase=lambda phase: phase == at and speak(writer, "meanwhile")).outcome
        == "moved"
    )
    writer.close()
    for place, way in ((f"{url}#{NAME}", "back"), (file, "")):
        with open_document(place) as doc:
            speak(doc, "Hi")
            told = threads_told(doc.log)
            assert told[: len(before)] == before
            assert doc.engine.store.verify() == []
        if way:
            assert cutover(file, url, back=True).outcome == "moved"
    assert len(told) == len(before) + 2 + (at is not None)
