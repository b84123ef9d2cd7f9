"""A real process beside the stored machine writes to the same file, meets a full disk, is killed, and loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from chatdoc import open_document
from chatdoc.testing.promises import PromiseBroken
from chatdoc.testing.second_process import SecondProcess
from chatdoc.testing.stored_machine import StoredMachine


class BesideAnother(StoredMachine):
    """With a second process."""

    processes = True


FEW = settings(BesideAnother.quick, phases=[Phase.generate], database=None, max_examples=6)


def test_a_full_disk_refuses_and_nothing_more(tmp_path: Path) -> None:
    """The message is not there, the document goes on, and with room again the same command is done once."""
    with open_document(tmp_path / "team.chat") as document:
        thread = document.create_thread(sender_id="ada", content="Hello").thread_id
        with SecondProcess(tmp_path / "team.chat", clock_ms=1_700_000_000_000, seed=1) as second:
            second.fill_disk(0)
            refused = [second.send(thread, "x" * 200_000, f"c{number}") for number in range(4)]
            assert refused == [None] * 4
            assert len(document.messages(thread)) == 1
            second.fill_disk(None)
            sent = [second.send(thread, "x" * 200_000, f"c{number}") for number in range(4)]
            assert [one.message_id for one in document.messages(thread)[1:]] == sent
        assert document.check().ok


def test_stored_documents_withstand_another_process() -> None:
    """Whatever else the machine does, what the other process was told is stored is there, once."""
    run_state_machine_as_test(BesideAnother, settings=FEW)


def test_a_process_that_forgets_what_it_acknowledged_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule can fail: an answer for a message that is not there breaks a promise."""
    monkeypatch.setattr(SecondProcess, "send", lambda self, *given: "01HF7YAT00000000000000000Z")
    with pytest.raises(PromiseBroken):
        run_state_machine_as_test(BesideAnother, settings=settings(FEW, derandomize=True))
