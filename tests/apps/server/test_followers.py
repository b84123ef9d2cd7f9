"""Whoever follows a document costs nothing while nothing happens, and hears now and then that the connection lives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatdoc.apps.server import event_stream
from chatdoc.document import Document
from chatdoc.open import open_document
from tests.apps.server.serving import Serving

STREAM = {"Accept": "text/event-stream"}


def beats(lines: Iterator[str], count: int) -> list[str]:
    """What comes until so many beats have come."""
    found: list[str] = []
    for line in lines:
        if line:
            found.append(line)
        if found.count(": beat") == count:
            return found
    raise AssertionError("the stream ended")


@pytest.mark.parametrize("what", ["events", "integrity"])
def test_a_follower_is_looked_for_after_changes_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Between two beats the document is asked a few times, not without end; its own asking wakes no follower."""
    monkeypatch.setattr(event_stream, "BEAT_S", 1.0)
    asked: list[str] = []

    def opener(path: Path, *, create: bool) -> Document:
        document = open_document(path, create=create)
        take, check = document.replay, document.check
        monkeypatch.setattr(document, "replay", lambda **given: asked.append("events") or take(**given))
        monkeypatch.setattr(document, "check", lambda **given: asked.append("integrity") or check(**given))
        return document

    with Serving(tmp_path, opener=opener) as serving:
        serving.command("a.chat", type="create_thread", sender_id="ada", content="x")
        path = f"/api/documents/a.chat/{what}"
        with (
            serving.http.stream("GET", path, headers=STREAM) as response,
            serving.http.stream("GET", path, headers=STREAM) as other,
        ):
            lines, others = response.iter_lines(), other.iter_lines()
            beats(lines, 1)
            beats(others, 1)
            asked.clear()
            beats(lines, 2)
            assert len(asked) < 30, "so often do both look in two seconds, as others may have written"
            serving.command("a.chat", type="create_thread", sender_id="ada", content="news")
            if what == "events":
                for both in (lines, others):
                    assert next(line for line in both if "news" in line)
