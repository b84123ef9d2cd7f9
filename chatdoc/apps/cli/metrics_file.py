"""The option `--metrics FILE`: a command writes what it counted for Prometheus' text file collector."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from chatdoc.apps.cli.optional import load_optional
from chatdoc.store.atomic_file import write_atomically

_Command = TypeVar("_Command", bound=Callable[..., Any])


def metrics_option(command: _Command) -> _Command:
    """Adds `--metrics`."""
    return click.option(
        "--metrics",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Write counters here, in Prometheus' text format.",
    )(command)


def write_metrics(path: Path | None, kind: str, *counts: Any, **named: Any) -> None:
    """Write what the collector of this name tells; nothing without a path."""
    if path is not None:
        metrics = load_optional("chatdoc.apps.store_metrics", "import")
        write_atomically(path, metrics.exposition(getattr(metrics, kind)(*counts, **named)))
