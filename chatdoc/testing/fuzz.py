"""Replicas that write at once over a bad network, beside a hostile peer, keep every promise; a seed repeats it."""

from __future__ import annotations

from collections import Counter
from random import Random

import msgspec

from chatdoc.model.clock import Clock, system_clock
from chatdoc.testing.assertions import (
    assert_clean,
    assert_kept,
    assert_ledger_is_full_check,
    assert_nothing_invented,
)
from chatdoc.testing.hostile import HostilePeer
from chatdoc.testing.network import Network
from chatdoc.testing.oracle import Oracle
from chatdoc.testing.promises import PromiseBroken
from chatdoc.testing.writer import Writer

SETTLE_EVERY = 150
"""After so many steps everything is delivered and compared."""
DEEDS = {"write": 52, "step": 30, "sync": 7, "warm": 2, "restart": 4, "hostile": 5}
"""What happens in a step, by weight."""


class FuzzReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did and found; `fuzz(steps, replicas, seed)` with the same numbers repeats it."""

    seed: int
    steps: int
    replicas: int
    done: dict[str, int]
    """How often what was done; a question mark stands for a refusal."""
    problems: tuple[str, ...] = ()
    """The step at which a promise did not hold, the promise, and what was seen; the run ends at the first."""
    elapsed_ms: int = 0

    @property
    def ok(self) -> bool:
        """Whether every promise held."""
        return not self.problems


class Fuzz:
    """One run, step by step."""

    def __init__(self, replicas: int, seed: int, *, hostile: bool = True) -> None:
        self.random = Random(seed)
        self.network = Network(replicas, seed=self.random.getrandbits(64))
        self.oracle = Oracle()
        self.done: Counter[str] = Counter()
        self._writer = Writer(self.random, self.oracle)
        self._hostile = HostilePeer(self.random) if hostile else None

    def step(self) -> None:
        """Do one thing and check what it touched; raises AssertionError when a promise is broken."""
        network, random = self.network, self.random
        network.tick()
        number = random.randrange(len(network.documents))
        deed = random.choices(list(DEEDS), list(DEEDS.values()))[0]
        if deed == "write":
            deed = self._writer.act(network.documents[number])
        elif deed == "hostile" and self._hostile is not None:
            deed = f"hostile: {self._hostile.act(network.documents)}"
        elif deed == "warm":
            network.warm(number)
        elif deed == "restart":
            network.restart(number, rows=random.random() < 0.5, sealed=random.random() < 0.3)
        elif deed == "sync":
            network.sync(
                number, random.choice([one for one in range(len(network.documents)) if one != number])
            )
        else:
            network.step()
        self.done[deed] += 1
        for document in network.documents:
            assert_ledger_is_full_check(document)

    def settle(self) -> None:
        """Deliver everything, and compare the replicas with each other and with what was acknowledged."""
        self.network.settle(whole=self._hostile is not None)
        self.network.assert_converged()
        assert_kept(self.network.documents, self.oracle)
        if self._hostile is None:
            assert_nothing_invented(self.network.documents, self.oracle)
            assert_clean(self.network.documents)


def fuzz(
    steps: int = 500,
    replicas: int = 3,
    seed: int = 0,
    *,
    hostile: bool = True,
    clock: Clock = system_clock,
) -> FuzzReport:
    """Run so many steps on so many replicas; raises ValueError for fewer than two replicas.

    After every step the kept ledger of violations is compared with a full check; every so often, and at the end,
    everything is delivered, and every replica must hold all that any of them ever acknowledged.
    """
    if replicas < 2:
        raise ValueError(f"expected at least 2 replicas, got {replicas}")
    began = clock()
    run = Fuzz(replicas, seed, hostile=hostile)
    problems: list[str] = []
    for number in range(1, steps + 1):
        try:
            run.step()
            if number % SETTLE_EVERY == 0 or number == steps:
                run.settle()
        except Exception as error:  # Whatever escapes is a finding, and the seed must not be lost with it.
            problems.append(f"step {number}: {problem_of(error)}")
            break
    return FuzzReport(
        seed=seed,
        steps=steps,
        replicas=replicas,
        done=dict(sorted(run.done.items())),
        problems=tuple(problems),
        elapsed_ms=clock() - began,
    )


def problem_of(error: Exception) -> str:
    """What broke, the promise first; an error that none was held against has its type for one."""
    return str(error) if isinstance(error, PromiseBroken) else f"{type(error).__name__}: {error}"
