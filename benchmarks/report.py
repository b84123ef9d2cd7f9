"""What was measured, as JSON and as tables by suite: `docs/performance.md` shows `benchmarks/results.json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import Result
from benchmarks.sizes import QUICK

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PAGE = HERE.parent / "docs" / "performance.md"
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->\n"
_SCALE = {"s": 1.0, "µs": 1e6, "ms": 1e3, "B": 1.0}


def run(suites: dict[str, Callable[[], Iterator[Result]]]) -> int:
    """Run suites, print their rows as they come, and keep them where `--save` asks; 1 when a goal is missed."""
    if QUICK:
        print("quick: small sizes, one round; the names say the full sizes, and no goal is held")
    print(f"{'':72} {'ours':>10} {'beside':>13} {'ratio':>7} {'goal':>6}")
    missed = 0
    for name, suite in suites.items():
        found: list[Result] = []
        for result in suite():
            found.append(result)
            missed += not result.reached
            print(line(result), flush=True)
        if "--save" in sys.argv and not QUICK:
            save({name: found})
    return 1 if missed and not QUICK else 0


def line(result: Result) -> str:
    """A row as the terminal shows it."""
    scale = _SCALE[result.unit]
    spread = f"  ({result.spread[0]:.2f} to {result.spread[1]:.2f})" if result.spread[1] else ""
    return (
        f"{result.name:72} {result.ours * scale:10.1f} {result.unit:2}{result.baseline * scale:10.1f}"
        f" {result.unit:2} {result.ratio:6.2f} {result.goal:6.3g}{'' if result.reached else '  MISSED'}{spread}"
    )


def as_values(result: Result) -> dict[str, Any]:
    """A result as JSON keeps it: in its own unit, rounded to what a reader can compare."""
    scale = _SCALE[result.unit]
    return {
        "name": result.name,
        "unit": result.unit,
        "ours": _rounded(result.ours * scale),
        "baseline": _rounded(result.baseline * scale),
        "ratio": _rounded(result.ratio),
        "goal": _rounded(result.goal),
        "least": _rounded(result.spread[0]),
        "greatest": _rounded(result.spread[1]),
    }


def save(suites: dict[str, list[Result]]) -> None:
    """Replace what these suites said before, and leave those that did not run as they are."""
    kept = load() if RESULTS.exists() else {}
    kept |= {suite: [as_values(one) for one in results] for suite, results in suites.items()}
    RESULTS.write_text(
        json.dumps(kept, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
    )
    show(kept)


def show(kept: dict[str, list[dict[str, Any]]]) -> None:
    """Let the page say what was measured."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + BEGIN + table(kept) + END + after, encoding="utf-8")


def load() -> dict[str, list[dict[str, Any]]]:
    """What was measured last, by suite."""
    found: dict[str, list[dict[str, Any]]] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return found


def table(suites: dict[str, list[dict[str, Any]]]) -> str:
    """A Markdown table of each suite's results, under its name, missed goals among them."""
    return "\n".join("\n".join((f"### {suite}", "", *_lines(suites[suite]), "")) for suite in sorted(suites))


def _lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield "| ours / beside | ours | beside | ratio | goal |"
    yield "| --- | --: | --: | --: | --: |"
    for row in rows:
        missed = "" if row["ratio"] <= row["goal"] else " missed"
        spread = f" ({row['least']:g} to {row['greatest']:g})" if row["greatest"] else ""
        ours, beside = (f"{row[side]:,g} {row['unit']}" for side in ("ours", "baseline"))
        yield f"| {row['name']} | {ours} | {beside} | {row['ratio']:g}{spread} | {row['goal']:g}{missed} |"


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


if __name__ == "__main__":
    show(load())
