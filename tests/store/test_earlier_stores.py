"""A store that an earlier program left behind opens whole: text, history, log, folded rows and answers to commands."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from chatdoc import open_document
from chatdoc.verify import verify_store
from tests.event_view.workplace import folded
from tests.store import recorded
from tests.store.recorded import ANSWERS, EVENTS, TEXT

GOLDEN = Path(__file__).parents[2] / "golden" / "stores"
RECORDED = sorted(one for one in GOLDEN.iterdir() if one.is_dir())


@pytest.fixture(params=RECORDED, ids=lambda one: str(one.name))
def earlier(request: pytest.FixtureRequest) -> Path:
    """What was recorded then."""
    found: Path = request.param
    return found


def test_golden_store_opens_and_says_what_it_said(earlier: Path, tmp_path: Path) -> None:
    """Nothing in it is damaged, its text is the same byte for byte, and each event is told as it was."""
    path = recorded.restore(earlier, tmp_path)
    assert verify_store(path) == []
    with open_document(path) as document:
        assert document.report is None
        assert document.text() == (earlier / TEXT).read_bytes()
        assert document.check(full=True).ok
        assert recorded.events_of(document).startswith((earlier / EVENTS).read_bytes())
    assert verify_store(path) == []


def test_golden_store_is_folded_anew_to_the_same_rows(earlier: Path, tmp_path: Path) -> None:
    """What was folded then is what these events give today."""
    path = recorded.restore(earlier, tmp_path)
    with open_document(path) as document:
        before = folded(tmp_path)
        document.log.rebuild()
        document.compact()
        assert folded(tmp_path) == before
    assert verify_store(path) == []


def test_golden_store_repeats_its_answers(earlier: Path, tmp_path: Path) -> None:
    """A command that was given then is not carried out again, and what comes now stands behind it."""
    path = recorded.restore(earlier, tmp_path)
    answers = msgspec.json.decode((earlier / ANSWERS).read_bytes(), type=dict[str, str])
    with open_document(path) as document:
        plan = document.threads()[0].thread_id
        for place in range(12):
            command_id = f"send {place}"
            again = document.send(
                plan, sender_id="bob", content=f"Answer {place} \N{ROCKET}", command_id=command_id
            )
            assert again.message_id == answers[command_id]
        assert document.text() == (earlier / TEXT).read_bytes()
        document.send(plan, sender_id="bob", content="Today")
        text = document.text()
    with open_document(path) as document:
        assert document.text() == text
        edited = document.message(answers["send 3"])
        assert [one.content for one in edited.history[:2]] == ["second", "first"]
