"""Each writer with a mistake is found, shrunk to three steps at most, and shown in the documentation as it is told."""

from __future__ import annotations

import re

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from chatdoc.testing.machine import NetworkMachine
from chatdoc.testing.promises import PromiseBroken
from docs.buggy_writers import AnswersTwice, DigestsLatin1, StampsFromItsClock, TidiesUp
from tests.tidy.source import PROJECT

PAGE = (PROJECT / "docs" / "testing.md").read_text(encoding="utf-8")
ULID = re.compile(r"01[0-9A-HJKMNP-TV-Z]{24}")
DIGEST = re.compile(r"[0-9a-f]{16}")
STEPS_MAX = 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "writer", [AnswersTwice, StampsFromItsClock, DigestsLatin1, TidiesUp], ids=lambda writer: writer.__name__
)
def test_a_buggy_writer_is_found_and_shown_in_few_steps(
    writer: type[NetworkMachine], caplog: pytest.LogCaptureFixture
) -> None:
    """The first line is the promise; then come what was seen, and the steps, the beginning among them."""
    # With half as many steps each is found all the same, and shrunk in half the time.
    same_each_time = settings(writer.quick, derandomize=True, database=None, stateful_step_count=15)
    with pytest.raises(PromiseBroken) as caught:
        run_state_machine_as_test(writer, settings=same_each_time)
    assert not caplog.records, "pytest would print what was logged in all examples behind the promise"
    steps = [note for note in caught.value.__notes__ if note.startswith("state")]
    taken = [step for step in steps if step.startswith("state.") and "teardown" not in step]
    assert len(taken) <= STEPS_MAX
    assert anywhere("\n".join([str(caught.value), *steps])) in anywhere(PAGE)


def anywhere(text: str) -> str:
    """A text without the ids and digests, which depend on what the engine draws at random."""
    return DIGEST.sub("…", ULID.sub("01…", text))
