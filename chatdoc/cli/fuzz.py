"""`chatdoc fuzz` lets replicas write at once over a bad network, and prints the seed that repeats the run."""

from __future__ import annotations

import secrets

import click

from chatdoc.cli.terminal import conclude, json_option, print_json
from chatdoc.testing import fuzz as run_fuzz


@click.command("fuzz")
@click.option(
    "--steps", default=500, show_default=True, type=click.IntRange(min=1), help="Commands and deliveries."
)
@click.option("--replicas", default=3, show_default=True, type=click.IntRange(2, 16), help="Writers at once.")
@click.option("--seed", type=click.IntRange(min=0), help="Repeats the run that printed it.")
@json_option
def fuzz(steps: int, replicas: int, seed: int | None, as_json: bool) -> None:
    """Let replicas write at once over a network that delays, repeats, reorders and drops; then compare them."""
    chosen = secrets.randbits(32) if seed is None else seed
    if not as_json:
        click.echo(f"seed {chosen}")
    outcome = run_fuzz(steps=steps, replicas=replicas, seed=chosen)
    if as_json:
        print_json({"ok": outcome.ok, "seed": chosen, "steps": steps, "replicas": replicas})
    else:
        click.echo(f"repeat with: chatdoc fuzz --steps {steps} --replicas {replicas} --seed {chosen}")
    conclude(outcome.ok)
