"""`python -m benchmarks [--quick] [--save] [name …]` runs them and prints one table; status 1 when a goal is missed.

With `--save` it keeps the results, for `docs/performance.md`, and draws the curves.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from benchmarks import costs, curves, events, handing, importing, migrating, opening, send, variants
from benchmarks.measure import Result
from benchmarks.report import save
from benchmarks.sizes import QUICK

SUITES: dict[str, Callable[[], Iterator[Result]]] = {
    "send": send.results,
    "handing": handing.results,
    "events": events.results,
    "migrating": migrating.results,
    "importing": importing.results,
    "opening": opening.results,
    "variants": variants.results,
    "costs": costs.results,
}
_SCALE = {"µs": 1e6, "ms": 1e3, "B": 1}


def main(names: list[str]) -> int:
    """Run the named suites, all without a name."""
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        print(f"no benchmark named {', '.join(unknown)}; there are {', '.join(SUITES)}", file=sys.stderr)
        return 2
    missed = 0
    measured: dict[str, list[Result]] = {}
    if QUICK:
        print("quick: small sizes, one round; the names say the full sizes, and no goal is held")
    print(f"{'':60} {'ours':>10} {'baseline':>10} {'ratio':>7} {'goal':>6}")
    for name in names or SUITES:
        for result in SUITES[name]():
            scale = _SCALE[result.unit]
            measured.setdefault(name, []).append(result)
            missed += not result.reached
            spread = f"  ({result.spread[0]:.2f} to {result.spread[1]:.2f})" if result.spread[1] else ""
            print(
                f"{result.name:60} {result.ours * scale:8.1f} {result.unit:2}"
                f"{result.baseline * scale:8.1f} {result.unit:2} {result.ratio:6.2f} {result.goal:6.2f}"
                f"{'' if result.reached else '  MISSED'}{spread}",
                flush=True,
            )
    if QUICK or "--save" in sys.argv:
        curves.main()
    if "--save" in sys.argv and not QUICK:
        save(measured)
    return 1 if missed and not QUICK else 0


if __name__ == "__main__":
    sys.exit(main([name for name in sys.argv[1:] if not name.startswith("--")]))
