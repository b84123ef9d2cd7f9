"""`python -m benchmarks [--quick] [--save] [name …]` runs them and prints one table; status 1 when a goal is missed.

With `--save` it keeps the results of each suite when that has ended, for `docs/performance.md`, and draws the curves.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from benchmarks import costs, curves, events, handing, importing, migrating, opening, send, variants, whole
from benchmarks.measure import Result
from benchmarks.report import run

SUITES: dict[str, Callable[[], Iterator[Result]]] = {
    "send": send.results,
    "handing": handing.results,
    "events": events.results,
    "migrating": migrating.results,
    "importing": importing.results,
    "opening": opening.results,
    "variants": variants.results,
    "costs": costs.results,
    "whole": whole.results,
}


def main(names: list[str]) -> int:
    """Run the named suites, all and the curves without a name."""
    unknown = [name for name in names if name not in SUITES and name != "curves"]
    if unknown:
        print(
            f"no benchmark named {', '.join(unknown)}; there are {', '.join(SUITES)}, curves", file=sys.stderr
        )
        return 2
    status = run({name: suite for name, suite in SUITES.items() if not names or name in names})
    if not names or "curves" in names:
        curves.main()
    return status


if __name__ == "__main__":
    if not {"-h", "--help"}.isdisjoint(sys.argv):
        print(__doc__)
        sys.exit(0)
    sys.exit(main([name for name in sys.argv[1:] if not name.startswith("--")]))
