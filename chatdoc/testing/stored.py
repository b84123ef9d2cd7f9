"""Stored documents, used and crashed at random on several machines, keep every promise; a seed repeats a run."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

from chatdoc.document import Document
from chatdoc.model.clock import Clock, system_clock
from chatdoc.testing.fuzz import FuzzReport, problem_of
from chatdoc.testing.legacy import drifted, legacy_file, legacy_rows
from chatdoc.testing.log_commands import LOG_COMMAND_WEIGHTS
from chatdoc.testing.promises import (
    CARRIED_OUT,
    FOLLOWED,
    LOADED,
    ONCE,
    REBUILT,
    REOPENED,
    SAVED,
    SOUND,
    TAKEN,
    WHOLE,
    promised,
)
from chatdoc.testing.stored_network import MACHINES
from chatdoc.testing.turns import TURN_WEIGHTS
from chatdoc.testing.workplaces import Workplaces
from chatdoc.testing.writer import WEIGHTS

EPISODE_STEPS = 100
"""After so many steps everything is delivered and compared, and new documents are begun."""
KINDS = {
    **WEIGHTS,
    **{kind: 2 * weight for kind, weight in TURN_WEIGHTS.items()},
    **LOG_COMMAND_WEIGHTS,
    "create": 1,
    "fork": 1,
    "refused": 4,
}
"""What is asked for in a step that writes, by weight."""
DEEDS = {
    "write": 60,
    "step": 18,
    "sync": 5,
    "repeat": 4,
    "crash": 3,
    "close": 2,
    "fail": 2,
    "fail delivery": 2,
    "rebuild": 1,
    "look": 3,
    "save": 1,
    "compact": 1,
    "compact log": 1,
}
"""What happens in a step, by weight."""
PROMISES = {
    "write": CARRIED_OUT,
    "step": TAKEN,
    "sync": TAKEN,
    "repeat": ONCE,
    "crash": REOPENED,
    "close": REOPENED,
    "fail": WHOLE,
    "fail delivery": WHOLE,
    "rebuild": REBUILT,
    "look": FOLLOWED,
    "save": SAVED,
    "compact": LOADED,
    "compact log": REBUILT,
}
"""What a deed is held to, where what notices names no promise of its own."""
EVERYWHERE = ("step", "sync", "delivery fails")
"""Deeds that may touch any machine."""
MIGRATED = 0.25
"""So often the machines begin with copies of one legacy file."""


class StoredFuzz:
    """One episode, step by step, in a folder that is empty."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = Random(seed)
        self.places = Workplaces(folder, self.random.getrandbits(64), sources=_sources(self.random))
        self.done: Counter[str] = Counter()
        self.places.begin()

    def step(self) -> None:
        """Do one thing and check every store; raises AssertionError when a promise is broken."""
        places, random = self.places, self.random
        network = places.network
        network.tick()
        number = random.randrange(len(network.documents))
        beside = random.random() < 0.1
        document = network.beside if beside else network.documents[number]
        deed = random.choices(list(DEEDS), list(DEEDS.values()))[0]
        with promised(PROMISES[deed]):
            deed = self._do(deed, document, number)
        self.done[deed] += 1
        touched = {0 if beside else network.machines[number]}
        for machine in sorted(set(network.machines) if deed in EVERYWHERE else touched):
            with promised(SOUND):
                places.assert_sound(machine)

    def _do(self, deed: str, document: Document, number: int) -> str:
        """Do one thing to a document; returns what was done."""
        places, random, network = self.places, self.random, self.places.network
        kind = random.choices(list(KINDS), list(KINDS.values()))[0]
        match deed:
            case "write":
                deed = places.write(document, kind, random, named=random.random() < 0.4)
            case "step":
                for _ in range(random.randrange(1, 6)):
                    network.step()
            case "sync":
                network.sync(
                    number, random.choice([one for one in range(len(network.documents)) if one != number])
                )
            case "repeat":
                deed = places.repeat(document, random)
            case "crash" | "close":
                deed = places.reopen(document, crash=deed == "crash")
            case "fail":
                kind = random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
                deed = places.fail(document, kind, random)
            case "rebuild":
                deed = places.rebuild(document)
            case "look":
                deed = places.look(document)
            case "fail delivery":
                deed = places.fail_delivery(random)
            case "save":
                deed = places.save(document)
                self.done[places.copy(document, Random(self.done["save"]))] += 1
            case "compact":
                document.compact()
            case "compact log":
                places.compact(document)
        return deed

    def settle(self) -> None:
        """Deliver everything, and compare."""
        with promised(SOUND):
            self.places.settle()


def fuzz_stored(
    steps: int = 300, seed: int = 0, *, folder: Path | None = None, clock: Clock = system_clock
) -> FuzzReport:
    """Run so many steps on stored documents, in a folder that is made for it or in one that is given and stays.

    After every step each store is held to all its promises; every so often, and at the end, everything is delivered
    and compared, and new documents are begun.
    """
    began = clock()
    random, done, problem = Random(seed), Counter[str](), ""
    with tempfile.TemporaryDirectory(prefix="chatdoc-fuzz-") as made:
        for first in range(0, steps, EPISODE_STEPS):
            place = (folder or Path(made)) / f"episode-{first // EPISODE_STEPS}"
            wanted = min(EPISODE_STEPS, steps - first)
            problem = _episode(place, random.getrandbits(64), range(first + 1, first + wanted + 1), done)
            if problem:
                break
    return FuzzReport(
        seed=seed,
        steps=steps,
        replicas=len(MACHINES),
        done=dict(sorted(done.items())),
        problems=(problem,) if problem else (),
        elapsed_ms=clock() - began,
    )


def _episode(place: Path, seed: int, steps: Sequence[int], done: Counter[str]) -> str:
    """Run an episode and count what was done; returns what was wrong, or nothing."""
    step = steps[0]
    try:
        run = StoredFuzz(place, seed)
        run.done = done
        for number in steps:
            step = number
            run.step()
        run.settle()
        run.places.network.close()
    except Exception as error:  # Whatever escapes is a finding, and the seed must not be lost with it.
        return f"step {step}: {problem_of(error)}"
    return ""


def _sources(random: Random) -> list[bytes]:
    """Copies of one legacy file for each machine, now and then; some have drifted apart."""
    if random.random() >= MIGRATED:
        return []
    rows = legacy_rows(random, random.randrange(1, 10))
    copies = [rows if random.random() < 0.4 else drifted(random, rows) for _ in set(MACHINES)]
    return [legacy_file(random, copy) for copy in copies]
