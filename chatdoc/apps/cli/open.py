"""`chatdoc open` opens a file as an editor would: it migrates what is old, keeps the old bytes, and shows what came."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import Raw

from chatdoc.apps.cli.integrity import print_integrity
from chatdoc.apps.cli.migration import note_on, other_program, print_report
from chatdoc.apps.cli.terminal import (
    columns,
    conclude,
    console,
    json_option,
    print_json,
    reason,
    show,
    spelled,
)
from chatdoc.apps.cli.threads import summaries, threads_table
from chatdoc.document import Document
from chatdoc.model.errors import ChatdocError, ReadOnlyTarget, StoreError, WriteFailed
from chatdoc.open import open_document
from chatdoc.read_only import opened_to_read
from chatdoc.store.real_path import real_path


@click.command("open")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--convert", is_flag=True, help="Convert a file of jupyterlab-chat, which cannot read it then.")
@json_option
def open_(file: Path, convert: bool, as_json: bool) -> None:
    """Open FILE and show what it holds.

    An old file is migrated, its bytes kept as a backup; its report, its threads and an integrity check are shown.
    One of jupyterlab-chat is migrated with --convert only, and none is where CHATDOC_SCHEMA_V2=0 is set.
    What may not be written, and what has a full disk, is shown, and written nowhere.
    """
    with _opened(file, convert=convert) as document:
        kept = _kept(document)
        report, found, threads = document.report, document.check(full=True), summaries(document.view)
        document_id = document.document_id
    if as_json:
        print_json(
            {
                "ok": found.ok,
                "file": spelled(file),
                "document_id": document_id,
                "report": report,
                "threads": threads,
                "integrity": Raw(found.to_json()),
                "read_only": None if kept is None else reason(kept)[0],
            }
        )
    else:
        screen = console()
        if report is not None:
            print_report(screen, report)
        if kept is not None:
            show(screen, f"note: {kept}")
        elif report is not None and (program := other_program(report)) is not None:
            show(screen, note_on(program, file))
        if report is not None or kept is not None:
            show(screen, "")
        show(screen, threads_table(threads, columns(screen)) if threads else "no threads")
        show(screen, "")
        print_integrity(screen, found)
    conclude(found.ok)


def _opened(file: Path, *, convert: bool) -> Document:
    """The document, to be read only where it may not be written or its disk is full."""
    try:
        return open_document(file, convert=convert)
    except (ReadOnlyTarget, WriteFailed, StoreError) as error:
        return opened_to_read(real_path(file), error)


def _kept(document: Document) -> ChatdocError | None:
    """Why the document is open to be read only, and None where it is not."""
    try:
        document.engine.require_open()
    except ChatdocError as error:
        return error
    return None
