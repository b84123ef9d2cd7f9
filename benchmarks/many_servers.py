"""`python -m benchmarks.many_servers` measures documents in PostgreSQL beside documents in files, in one run.

A command is a `send` with a command id: receipt, update, event, rows, all of it forced to the disk. Two processes with
eight threads each write to a hundred documents, and to one. Beside both stand prototypes, the same rows in the same
tables without an engine: goals are ratios to these, since machines differ from hour to hour. All sides run in turn,
and the median of the rounds is told. `--full` has the sizes of `benchmarks.scale` that take half an hour, `--writers`
leaves out all that is held against no prototype.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median

from benchmarks import bare_postgres, hot_document, scale, two_servers
from benchmarks.seen import seen
from benchmarks.sizes import repeated, sized
from benchmarks.writers import Measured, Writing, part, written
from tests.postgres_cluster import cluster

IS_WHOLE = sized(1000) == 1000
ROUNDS = 5 if IS_WHOLE else 1
WRITINGS = {
    "1 writer, 1 document": Writing(processes=1, threads=1, each=repeated(600), documents=1),
    "2 x 8 writers, 100 documents": Writing(
        processes=2, threads=8, each=repeated(100), documents=100 if IS_WHOLE else 4
    ),
    "2 x 8 writers, 1 document": Writing(processes=2, threads=8, each=repeated(50), documents=1),
}
GOALS = {
    ("1 writer, 1 document", "pipelined"): 0.97,
    ("2 x 8 writers, 100 documents", "function"): 0.89,
    ("two servers, batched by the owner", "batching"): 0.83,
}
"""What the goals of 1,300, 3,500 and 4,000 a second were of what prototypes did when they were set."""
SEEN_GOALS = {50: 1.4, 99: 2.7}
"""The same of 1 ms and 3 ms until another server has read a command; here less is better."""
_names = count()
_Rounds = dict[str, dict[str, list[Measured]]]


def main() -> None:
    """Print the tables."""
    with cluster(settings="-c fsync=on -c shared_buffers=256MB") as server, _folder() as folder:
        url, bare = server.create_database("bench"), server.create_database("bare")
        bare_postgres.define(bare)
        print("\n".join(_told(_in_turn(url, bare, folder))), flush=True)
        print("\n".join(_lateness(url, bare)), flush=True)
        if "--writers" in sys.argv:
            return
        if two_servers.can_run():
            print("\n".join(two_servers.told(two_servers.compared(url))), flush=True)
        else:
            print("fan-out: skipped, it needs Node.js and `npm install` in benchmarks/serving")
        databases = (server.create_database(name) for name in ("lonely", "crowded"))
        for line in scale.report(str(folder), url, *databases):
            print(line, flush=True)


def _in_turn(url: str, bare: str, folder: Path) -> _Rounds:
    """What each kind does in each round."""
    kinds = {
        "files": ("engine", f"{folder}/"),
        "PostgreSQL": ("engine", f"{url}#"),
        "pipelined": ("pipelined", f"{bare}#"),
        "function": ("function", f"{bare}#"),
    }
    found: _Rounds = {}

    def note(name: str, kind: str, measured: Measured) -> None:
        found.setdefault(name, {}).setdefault(kind, []).append(measured)

    for _ in range(ROUNDS):
        for name, how in WRITINGS.items():
            for kind, (writer, place) in kinds.items():
                note(name, kind, written(writer, place, f"{kind}-{next(_names)}", how))
        for servers, has_owner in ((1, False), (2, False), (2, True)):
            name = "one server" if servers == 1 else "two servers"
            note(
                name + ", batched by the owner" * has_owner,
                "PostgreSQL",
                _rooms(url, servers=servers, has_owner=has_owner),
            )
        note("two servers, batched by the owner", "batching", _batching(bare))
    return found


def _rooms(url: str, *, servers: int, has_owner: bool) -> Measured:
    one = hot_document.measured(
        url,
        f"rooms-{next(_names)}.chat",
        servers=servers,
        clients=8,
        seconds=3.0 if IS_WHOLE else 0.5,
        has_owner=has_owner,
    )
    print(
        f"  {servers} server{'s' * (servers > 1)}{', batched by the owner' * has_owner}: {one.per_second:.0f}/s,"
        f" {one.cpu_ms:.2f} ms of processor each, {one.answered_elsewhere} forwarded",
        flush=True,
    )
    return Measured(one.per_second, part(one.waits_ms, 50), part(one.waits_ms, 99))


def _batching(url: str) -> Measured:
    """Sixteen clients of one process, whose commands need not come from elsewhere."""
    name = f"batching-{next(_names)}.chat"
    waits = hot_document.batched(url, name, clients=16, seconds=3.0 if IS_WHOLE else 0.5)
    return Measured(waits.per_second, part(waits.waits_ms, 50), part(waits.waits_ms, 99))


def _told(found: _Rounds) -> Iterator[str]:
    for name, kinds in found.items():
        for kind, rounds in kinds.items():
            middle = Measured(*(median(column) for column in zip(*rounds, strict=True)))
            yield (
                f"{name:34} {kind:10} {middle.per_second:8.0f}/s {middle.p50_ms:7.2f} {middle.p99_ms:7.2f} ms"
            )
        for kind in [kind for kind in kinds if kind != "PostgreSQL"]:
            pairs = zip(kinds["PostgreSQL"], kinds[kind], strict=True)
            ratios = sorted(ours.per_second / other.per_second for ours, other in pairs)
            goal = GOALS.get((name, kind))
            held = "" if goal is None else f"; goal {goal}{' MISSED' * (median(ratios) < goal)}"
            yield f"{'':34} PostgreSQL / {kind}: {median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}{held})"


def _lateness(url: str, bare: str) -> Iterator[str]:
    """Until another process has read a command, in turn with NOTIFY, LISTEN and a read alone."""
    found: dict[str, list[list[float]]] = {"engine": [], "pipelined": []}
    for _ in range(ROUNDS):
        for kind, place in (("engine", url), ("pipelined", bare)):
            found[kind].append(sorted(seen(kind, place, f"seen-{next(_names)}.chat", repeated(300))))
    for percent, goal in SEEN_GOALS.items():
        pairs = zip(found["engine"], found["pipelined"], strict=True)
        ratio = median(part(ours, percent) / part(other, percent) for ours, other in pairs)
        ours, other = (median(part(one, percent) for one in rounds) for rounds in found.values())
        yield (
            f"seen by another server, p{percent}: {ours:.2f} ms, NOTIFY and a read alone {other:.2f} ms:"
            f" {ratio:.2f} (goal {goal}{' MISSED' * (ratio > goal)})"
        )


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


if __name__ == "__main__":
    sys.exit(main())
