"""What was measured, as JSON and as a table: `docs/performance.md` shows what `benchmarks/results.json` says."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import Result

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PAGE = HERE.parent / "docs" / "performance.md"
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->\n"
_SCALE = {"µs": 1e6, "ms": 1e3, "B": 1.0}


def as_values(result: Result) -> dict[str, Any]:
    """A result as JSON keeps it: in its own unit, rounded to what a reader can compare."""
    scale = _SCALE[result.unit]
    return {
        "name": result.name,
        "unit": result.unit,
        "ours": _rounded(result.ours * scale),
        "baseline": _rounded(result.baseline * scale),
        "ratio": _rounded(result.ratio),
        "goal": result.goal,
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
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + BEGIN + table(kept) + END + after, encoding="utf-8")


def load() -> dict[str, list[dict[str, Any]]]:
    """What was measured last, by suite."""
    found: dict[str, list[dict[str, Any]]] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return found


def table(suites: dict[str, list[dict[str, Any]]]) -> str:
    """A Markdown table of all results, missed goals among them."""
    return "\n".join(_lines(row for suite in sorted(suites) for row in suites[suite])) + "\n"


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
    sys.stdout.write(table(load()))
