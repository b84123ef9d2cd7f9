"""`chatdoc check` reads a file of any format and its store, writes nothing, and names every broken promise."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import Raw
from rich.console import Console

from chatdoc.apps.cli.integrity import print_integrity
from chatdoc.apps.cli.migration import print_report
from chatdoc.apps.cli.terminal import (
    conclude,
    console,
    json_option,
    line,
    print_error,
    print_json,
    show,
    spelled,
    table,
)
from chatdoc.apps.cli.way_back import read_or_say
from chatdoc.model.errors import ChatdocError
from chatdoc.store.ports import Finding
from chatdoc.verify import verify_store


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def check(file: Path, as_json: bool) -> None:
    """Check FILE and its store, and write nothing.

    Status 1 says that a promise is broken, or that the store is damaged. A file that opening would upgrade or mend is
    checked as it would then be, and what would be done is shown. Where FILE is lost or no chat, it is said whether its
    text can be recovered.
    """
    damage = verify_store(file)
    try:
        reader = read_or_say(file)
        found, report = reader.check(full=True), reader.report
    except ChatdocError as error:
        if not as_json:
            _print_damage(console(), damage)
        print_error(error, file=spelled(file), store=_as_json(damage))
        raise click.exceptions.Exit(1) from error
    ok = found.ok and not damage
    if as_json:
        value = {"report": report, "integrity": Raw(found.to_json()), "store": _as_json(damage)}
        print_json({"ok": ok, "file": spelled(file), **value})
    else:
        screen = console()
        if report is not None:
            show(screen, "opening this file would upgrade it:")
            print_report(screen, report)
            show(screen, "")
        print_integrity(screen, found)
        _print_damage(screen, damage)
    conclude(ok)


def _as_json(damage: list[Finding] | None) -> list[dict[str, str]] | None:
    return None if damage is None else [one._asdict() for one in damage]


def _print_damage(screen: Console, damage: list[Finding] | None) -> None:
    """What is damaged in the store, one line each; nothing for a file without a store."""
    if damage:
        grid = table("code", "where", "what")
        for one in damage:
            grid.add_row(one.code, line(one.where), line(one.what))
        show(screen, grid)
    if damage is not None:
        show(screen, f"store: {f'damaged in {len(damage)} places' if damage else 'sound'}")
