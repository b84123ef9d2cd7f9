"""`chatdoc fuzz` prints the seed that repeats a run."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from chatdoc.apps.cli.fuzz import fuzz
from chatdoc.document import Document
from chatdoc.testing.promises import LEDGER
from tests.apps.cli.conftest import Run


def test_the_same_seed_prints_the_same_text(chatdoc: Run) -> None:
    """A run can be repeated, and says how."""
    first, second = (chatdoc("fuzz", "--steps", "40", "--replicas", "3", "--seed", "7") for _ in range(2))
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == second.stdout
    assert first.stdout.endswith(
        "every promise held; repeat with: chatdoc fuzz --steps 40 --replicas 3 --seed 7\n"
    )


def test_without_a_seed_one_is_drawn_and_printed(chatdoc: Run) -> None:
    """A run can be repeated although nobody chose its seed."""
    value = json.loads(chatdoc("fuzz", "--steps", "5", "--json").stdout)
    assert list(value)[:6] == ["ok", "seed", "steps", "replicas", "done", "problems"]
    assert value["ok"] is True
    assert isinstance(value["seed"], int)


def test_the_promise_that_broke_is_printed_before_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sentence is in the first line, then comes what was seen, and how to repeat the run is in the last line."""

    def broken(self: Document, *, full: bool = True) -> object:
        raise AssertionError("planted")

    monkeypatch.setattr(Document, "check", broken)
    ran = CliRunner().invoke(fuzz, ["--steps", "3", "--seed", "7"])
    lines = ran.output.splitlines()
    assert lines[:2] == [f"A PROMISE WAS BROKEN at step 1: {LEDGER}", "  planted"]
    assert lines[-1] == "repeat with: chatdoc fuzz --steps 3 --replicas 3 --seed 7"
    assert ran.exit_code == 1


def test_one_replica_is_misuse(chatdoc: Run) -> None:
    """Nothing can be merged with nobody."""
    assert chatdoc("fuzz", "--replicas", "1").returncode == 2


def test_stored_documents_are_fuzzed_by_a_seed(chatdoc: Run) -> None:
    """The same seed prints the same text, wherever the files were."""
    first, second = (chatdoc("fuzz", "--stored", "--steps", "20", "--seed", "7") for _ in range(2))
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == second.stdout
    assert first.stdout.endswith(
        "every promise held; repeat with: chatdoc fuzz --stored --steps 20 --seed 7\n"
    )


def test_replicas_of_stored_documents_cannot_be_chosen(chatdoc: Run) -> None:
    """Saying both is misuse, and the message says which to leave out."""
    found = chatdoc("fuzz", "--stored", "--replicas", "2")
    assert found.returncode == 2
    assert "leave --replicas out" in found.stderr
