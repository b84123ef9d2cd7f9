"""A ratio is fair when both sides run in turn, in one process, and the median of several rounds is quoted."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from benchmarks.sizes import QUICK, repeated


@dataclass(frozen=True)
class Result:
    """One line of the table: ours, the baseline it is held against, and the goal for their ratio."""

    name: str
    ours: float
    baseline: float
    goal: float
    unit: str
    note: str = ""
    spread: tuple[float, float] = field(default=(0.0, 0.0))

    @property
    def ratio(self) -> float:
        return self.ours / self.baseline if self.baseline else float("inf")

    @property
    def reached(self) -> bool:
        return self.ratio <= self.goal


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes, without a garbage collection in between."""
    gc.collect()
    gc.disable()
    try:
        start = perf_counter()
        work()
        return perf_counter() - start
    finally:
        gc.enable()


def typical(work: Callable[[], object], calls: int) -> float:
    """The median over many calls: what one costs when nothing else gets in its way."""
    gc.collect()
    gc.disable()
    try:
        spent = []
        for _ in range(repeated(calls)):
            start = perf_counter()
            work()
            spent.append(perf_counter() - start)
        return statistics.median(spent)
    finally:
        gc.enable()


def of_pairs(
    name: str, pairs: Sequence[tuple[float, float]], *, goal: float, unit: str, note: str = ""
) -> Result:
    """A result from what was measured in turn: medians of both sides, and the least and greatest ratio of a pair."""
    ratios = [one / other for one, other in pairs]
    return Result(
        name=name,
        ours=statistics.median(one for one, _ in pairs),
        baseline=statistics.median(other for _, other in pairs),
        goal=goal,
        unit=unit,
        note=note,
        spread=(min(ratios), max(ratios)),
    )


def compare(
    name: str,
    ours: Callable[[], float],
    baseline: Callable[[], float],
    *,
    goal: float,
    unit: str,
    rounds: int = 5,
    note: str = "",
) -> Result:
    """A result from two functions that each return seconds (or bytes) for one round; they run A B A B …"""
    pairs = [(ours(), baseline()) for _ in range(1 if QUICK else rounds)]
    return of_pairs(name, pairs, goal=goal, unit=unit, note=note)
