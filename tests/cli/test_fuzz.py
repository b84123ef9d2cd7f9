"""`chatdoc fuzz` prints the seed that repeats a run."""

from __future__ import annotations

import json

from tests.cli.conftest import ERAS, Run
from tests.conftest import Golden


def test_golden_text_of_a_seeded_run(chatdoc: Run, golden: Golden) -> None:
    """The same seed prints the same text."""
    done = chatdoc("fuzz", "--steps", "40", "--replicas", "3", "--seed", "7")
    assert (done.returncode, done.stderr) == (0, "")
    golden(ERAS.parent / "fuzz" / "fuzz.txt", done.stdout.encode())


def test_without_a_seed_one_is_drawn_and_printed(chatdoc: Run) -> None:
    """A run can be repeated although nobody chose its seed."""
    value = json.loads(chatdoc("fuzz", "--steps", "5", "--json").stdout)
    assert list(value)[:6] == ["ok", "seed", "steps", "replicas", "done", "problems"]
    assert value["ok"] is True
    assert isinstance(value["seed"], int)


def test_one_replica_is_misuse(chatdoc: Run) -> None:
    """Nothing can be merged with nobody."""
    assert chatdoc("fuzz", "--replicas", "1").returncode == 2
