"""`python -m benchmarks.serving [--quick] [--save] [name …]` measures our server beside others, and prints one table.

With `--save` it keeps the results beside those of `python -m benchmarks`, for `docs/performance.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from benchmarks.measure import Result
from benchmarks.report import run
from benchmarks.serving import fanout, join, lateness
from benchmarks.serving.servers import install

SUITES: dict[str, Callable[[], Iterator[Result]]] = {
    "serving: fan-out": fanout.results,
    "serving: lateness": lateness.results,
    "serving: joining": join.results,
}


def main(names: list[str]) -> int:
    """Run the suites whose names end so, all without a name; status 1 when a goal is missed."""
    chosen = [suite for suite in SUITES if not names or suite.partition(": ")[2] in names]
    if not chosen:
        known = ", ".join(suite.partition(": ")[2] for suite in SUITES)
        print(f"no benchmark named {', '.join(names)}; there are {known}", file=sys.stderr)
        return 2
    install()
    return run({suite: SUITES[suite] for suite in chosen})


if __name__ == "__main__":
    if not {"-h", "--help"}.isdisjoint(sys.argv):
        print(__doc__)
        sys.exit(0)
    sys.exit(main([name for name in sys.argv[1:] if not name.startswith("--")]))
