"""`chatdoc check` reads a file of any format and its store, and names each broken promise; it mends only when asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec import Raw
from rich.console import Console

from chatdoc.apps.cli.integrity import SHOWN_MAX, print_integrity
from chatdoc.apps.cli.migration import print_report
from chatdoc.apps.cli.store_option import store_option, url_of
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
from chatdoc.database import verify_by_url
from chatdoc.engine.repair import Repaired
from chatdoc.model.errors import ChatdocError
from chatdoc.open import open_document
from chatdoc.store.ports import Finding
from chatdoc.verify import verify_store
from invariants.report import IntegrityReport


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--repair", is_flag=True, help="Carry out the safe repairs, and say which; this writes FILE.")
@store_option
@json_option
def check(file: Path, repair: bool, store: str | None, as_json: bool) -> None:
    """Check FILE and its store, and write nothing unless asked to.

    Status 1 says that a promise is broken, or that the store is damaged. A file that opening would upgrade or mend is
    checked as it would then be, and what would be done is shown. Where FILE is lost or no chat, it is said whether its
    text can be recovered.

    With --repair, FILE is opened as `chatdoc open` does, and the repairs shown as safe are carried out: those that
    cannot be wrong when something is merely late, and that converge whoever does them. A damaged store is left alone.
    """
    damage = verify_store(file) if store is None else verify_by_url(url_of(store, file))
    done: Repaired | None = None
    try:
        reader = read_or_say(file, store)
        found, report = reader.check(full=True), reader.report
        if repair and not damage:
            done, found = _repair(file if store is None else url_of(store, file), found)
    except ChatdocError as error:
        if not as_json:
            _print_damage(console(), damage)
        print_error(error, file=spelled(file), store=_as_json(damage))
        raise click.exceptions.Exit(1) from error
    ok = found.ok and not damage
    if as_json:
        value: dict[str, Any] = {
            "report": report,
            "integrity": Raw(found.to_json()),
            "store": _as_json(damage),
        }
        if repair:
            value["repaired"] = done.repaired if done is not None else ()
            value["refused"] = done.refused if done is not None else ()
        print_json({"ok": ok, "file": spelled(file), **value})
    else:
        screen = console()
        if report is not None:
            show(screen, "opening this file upgraded it:" if done else "opening this file would upgrade it:")
            print_report(screen, report)
            show(screen, "")
        if done is not None:
            _print_repairs(screen, done)
        print_integrity(screen, found)
        _print_damage(screen, damage)
        if repair and damage:
            show(screen, "nothing was repaired: the store is damaged")
    conclude(ok)


def _repair(file: Path | str, before: IntegrityReport) -> tuple[Repaired, IntegrityReport]:
    """Carry out the safe repairs; what was broken before and is whole now was repaired, if only by opening."""
    with open_document(file, create=False) as document:
        done = document.repair_all()
        after = document.check(full=True)
    left = {(one.code, one.subject) for one in (*after.violations, *after.diagnostics)}
    wanted = {
        (one.code, one.subject): one for one in (*before.violations, *before.diagnostics, *done.repaired)
    }
    repaired = tuple(one for key, one in sorted(wanted.items()) if key not in left)
    return msgspec.structs.replace(done, repaired=repaired), after


def _print_repairs(screen: Console, done: Repaired) -> None:
    """Which repairs were carried out, one line each, and which were refused."""
    rows = [(one, "repaired") for one in done.repaired] + [(one, "refused") for one in done.refused]
    if rows:
        grid = table("code", "subject", "repair", "outcome")
        for one, outcome in rows[:SHOWN_MAX]:
            name = type(one.repair).__name__ if one.repair is not None else ""
            grid.add_row(one.code, line(one.subject, 40), name, outcome)
        show(screen, grid)
    if len(rows) > SHOWN_MAX:
        show(screen, f"and {len(rows) - SHOWN_MAX} more; --json shows all")
    show(
        screen, f"{len(done.repaired)} repaired" + (f", {len(done.refused)} refused" if done.refused else "")
    )


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
