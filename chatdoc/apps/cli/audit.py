"""`chatdoc audit` names what is hidden, lost, cut, counted twice or gone, and writes a certificate of what is whole."""

from __future__ import annotations

import os
from pathlib import Path

import click

from chatdoc.apps.cli.optional import load_optional
from chatdoc.apps.cli.terminal import conclude, console, json_option, line, print_json, show, table
from chatdoc.apps.importer.audit import Audit, AuditReport
from chatdoc.apps.importer.certificate import certificate as certificate_of
from chatdoc.apps.importer.documents import Target
from chatdoc.settings import read_settings
from chatdoc.store.atomic_file import write_atomically
from chatdoc.store.session_index.index import SessionIndex


@click.command("audit")
@click.argument("roots", nargs=-1, metavar="[ROOT]...", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--into",
    default=".",
    type=click.Path(path_type=Path),
    help="The .chat file or the folder that logs were imported into; this folder if not given.",
)
@click.option(
    "--certificate",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a proof of every line here; docs/verify_certificate.py checks it.",
)
@click.option("--redact", is_flag=True, help="What was imported with --redact is compared so.")
@json_option
def audit(roots: tuple[Path, ...], into: Path, certificate: Path | None, redact: bool, as_json: bool) -> None:
    """Compare session logs with what was imported of them.

    ROOT is a folder of logs; without one, the tools' own folders and everything that was imported. Reads all bytes,
    writes nothing but the certificate. Status 1 says that something imported is lost, cut, changed or twice.
    """
    folder = Target(into).folder
    index = SessionIndex.look(folder)
    if index is None:
        raise click.UsageError(f"nothing was imported into {into}; chatdoc import --into {into} does it")
    clean = load_optional("chatdoc.apps.importer.redact", "import").Redactor().clean if redact else None
    with index:
        work = Audit(index, read_settings(os.environ, Path.home()), clean)
        report = work.run(roots)
    raw = certificate_of(work.proofs) if certificate is not None else b""
    if certificate is not None:
        write_atomically(certificate, raw)
    if as_json:
        print_json(report)
    else:
        _tell(report)
    conclude(report.ok)


def _tell(report: AuditReport) -> None:
    screen = console()
    grid = table("log", "standing", "lines", "bytes", "imported", numbers=("lines", "bytes", "imported"))
    for one in report.logs:
        grid.add_row(
            line(_near(one.path)), one.standing, str(one.lines), f"{one.bytes:,}", f"{one.imported_bytes:,}"
        )
    if report.logs:
        show(screen, grid)
    for found in report.findings:
        place = (
            f"{_near(found.path)}, line {found.line}"
            if found.line is not None
            else _near(found.path) or found.session_id
        )
        show(screen, line(f"{found.code}: {place}: {found.detail}"))
    told = ", ".join(f"{count} {name}" for name, count in report.counts.items() if count)
    show(screen, f"{told or 'no session logs'}; {len(report.findings)} findings")


def _near(path: str) -> str:
    """A path as seen from here, where it lies below."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if path and Path(path).is_relative_to(here) else path
