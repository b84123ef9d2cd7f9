"""`chatdoc fuzz` lets replicas write at once over a bad network, and prints the seed that repeats the run."""

from __future__ import annotations

import secrets

import click
from click.core import ParameterSource
from msgspec import to_builtins

from chatdoc.apps.cli.terminal import conclude, console, json_option, print_json, safe, show, table
from chatdoc.testing import fuzz as run_fuzz
from chatdoc.testing import fuzz_stored

STEPS = 500
STORED_STEPS = 300


@click.command("fuzz")
@click.option("--steps", type=click.IntRange(min=1), help="Commands and deliveries; 500, with --stored 300.")
@click.option("--replicas", default=3, show_default=True, type=click.IntRange(2, 16), help="Writers at once.")
@click.option("--seed", type=click.IntRange(min=0), help="Repeats the run that printed it.")
@click.option(
    "--stored",
    is_flag=True,
    help="Write to files on three machines, with turns, crashes and the event log; takes no --replicas.",
)
@json_option
@click.pass_context
def fuzz(
    context: click.Context, steps: int | None, replicas: int, seed: int | None, stored: bool, as_json: bool
) -> None:
    """Let simulated writers look for defects.

    They write at once, over a network that delays, repeats, reorders and drops, and are compared with each other.
    """
    chosen = secrets.randbits(32) if seed is None else seed
    if stored:
        if context.get_parameter_source("replicas") is ParameterSource.COMMANDLINE:
            raise click.UsageError("--stored has its own machines; leave --replicas out")
        steps = steps or STORED_STEPS
        found, again = fuzz_stored(steps=steps, seed=chosen), f"--stored --steps {steps}"
    else:
        steps = steps or STEPS
        found = run_fuzz(steps=steps, replicas=replicas, seed=chosen)
        again = f"--steps {steps} --replicas {replicas}"
    if as_json:
        print_json({"ok": found.ok, **to_builtins(found)})
        conclude(found.ok)
        return
    screen = console()
    grid = table("what was done", "times", numbers=("times",))
    for name, times in found.done.items():
        grid.add_row(name, str(times))
    # What broke stands first, and before what was seen of it; how often what was done is for whoever goes on reading.
    show(screen, *(safe(f"A PROMISE WAS BROKEN at {problem}") for problem in found.problems), grid)
    verdict = "every promise held; repeat" if found.ok else "repeat"
    show(screen, f"{verdict} with: chatdoc fuzz {again} --seed {chosen}")
    conclude(found.ok)
