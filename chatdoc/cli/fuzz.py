"""`chatdoc fuzz` lets replicas write at once over a bad network, and prints the seed that repeats the run."""

from __future__ import annotations

import secrets

import click
from msgspec import to_builtins

from chatdoc.cli.terminal import conclude, console, json_option, print_json, safe, show, table
from chatdoc.testing import fuzz as run_fuzz


@click.command("fuzz")
@click.option(
    "--steps", default=500, show_default=True, type=click.IntRange(min=1), help="Commands and deliveries."
)
@click.option("--replicas", default=3, show_default=True, type=click.IntRange(2, 16), help="Writers at once.")
@click.option("--seed", type=click.IntRange(min=0), help="Repeats the run that printed it.")
@json_option
def fuzz(steps: int, replicas: int, seed: int | None, as_json: bool) -> None:
    """Let simulated writers look for defects.

    They write at once, over a network that delays, repeats, reorders and drops, and are compared with each other.
    """
    chosen = secrets.randbits(32) if seed is None else seed
    found = run_fuzz(steps=steps, replicas=replicas, seed=chosen)
    if as_json:
        print_json({"ok": found.ok, **to_builtins(found)})
        conclude(found.ok)
        return
    screen = console()
    grid = table("what was done", "times", numbers=("times",))
    for name, times in found.done.items():
        grid.add_row(name, str(times))
    show(screen, grid, *map(safe, found.problems))
    verdict = "every promise held" if found.ok else "A PROMISE WAS BROKEN"
    show(
        screen, f"{verdict}; repeat with: chatdoc fuzz --steps {steps} --replicas {replicas} --seed {chosen}"
    )
    conclude(found.ok)
