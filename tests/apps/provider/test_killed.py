"""Killed in the midst of what an agent says, and told all of it again, a document has each event and word once."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from chatdoc.apps.provider.ingestion import Ingestion
from chatdoc.open import open_document
from tests.apps.provider.hearing import TURNS, speech, text
from tests.event_view.workplace import ask
from tests.forked import Forked


def kill_after(path: Path, count: int) -> list[str]:
    """Let a process hear and kill it with SIGKILL once it has reported so many events; returns what it reported."""
    with Forked(path, module="tests.apps.provider.hearing", talks=True) as process:
        reported = [process.stdout.readline().strip() for _ in range(count)]
        process.kill()
        return reported + process.stdout.read().splitlines()


@pytest.mark.parametrize("seed", range(4))
def test_killed_and_told_again_an_ingestion_has_everything_once(tmp_path: Path, seed: int) -> None:
    """What was reported is there; told all of it again, and once more, nothing is twice or missing."""
    random = Random(seed)
    path = tmp_path / "team.chat"
    with open_document(path, durability="normal") as document:
        thread = document.create_thread(sender_id="ada", content="Hello", name="Plan").thread_id
    events = speech(thread)
    for _ in range(2):
        reported = kill_after(path, random.randrange(1, len(events) - 5))
        with open_document(path, durability="normal") as document:
            said = "".join(message.content for message in document.messages(thread))
            taken = [one for one in events if one.event_id in reported]
            assert all(one.payload["delta"] in said for one in taken if one.type == "message.delta")
            assert document.agents.running() == ()
    counts = []
    for _ in range(2):
        with open_document(path, durability="normal") as document, Ingestion(document) as ingestion:
            for event in events:
                ingestion.take(event)
            answers = document.messages(thread)[1:]
            assert [one.content for one in answers] == [text(number) for number in range(TURNS)]
            assert not any(one.generating for one in answers)
            assert document.check(full=True).ok
        counts.append(ask(tmp_path, "SELECT count(*) FROM orchestration_events"))
    assert counts[0] == counts[1]
    told = ask(tmp_path, "SELECT count(*), count(DISTINCT activity_id) FROM projection_thread_activities")
    expected = sum(one.type in ("turn.started", "tool.started") for one in events)
    assert told == [(expected, expected)]
