"""`--store URL`: FILE is the name of a document of a database then, and no file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from chatdoc.store.by_url import is_url


def require_url(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """A URL of a database; raises BadParameter for anything else."""
    if value is not None and not is_url(value):
        raise click.BadParameter("expected postgresql://user@host:port/database")
    return value


def store_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--store`."""
    return click.option(
        "--store",
        metavar="URL",
        callback=require_url,
        help="postgresql://…: look into that database, whose documents have names and no files.",
    )(command)


def url_of(store: str, file: Path) -> str:
    """The URL of a document of a database."""
    return f"{store}#{quote(os.fsencode(file.as_posix()))}"
