"""Reading for a command: the error of a file that is lost or no chat names the command that makes its text again."""

from __future__ import annotations

from pathlib import Path

import click

from chatdoc.apps.cli.store_option import url_of
from chatdoc.apps.cli.terminal import spelled
from chatdoc.engine.reader import Reader
from chatdoc.model.errors import ChatdocError, UnreadableFile
from chatdoc.open import read_document
from chatdoc.recover import recover


def read_or_say(file: Path, store: str | None = None) -> Reader:
    """What a file holds, and nothing is written; raises as `read_document` does.

    A file that is not there, and of which nothing is stored, is misuse. With a `store` it is a document's name there.
    """
    if store is not None:
        return read_document(url_of(store, file))
    try:
        return read_document(file)
    except UnreadableFile as error:
        if _is_stored(file):
            said = str(error).removesuffix(f". {error.hint}")
            hint = f"Its text can be recovered: chatdoc recover {spelled(file)}"
            raise UnreadableFile(said, hint=hint) from error
        if not file.exists():
            raise click.BadParameter(
                f"File {spelled(file)!r} does not exist.", param_hint="'FILE'"
            ) from error
        raise


def _is_stored(file: Path) -> bool:
    """Whether there is a document whose text `chatdoc recover` would make again."""
    try:
        return any(one.outcome != "present" for one in recover(file, dry_run=True))
    except ChatdocError:  # Nothing is stored, or it is damaged as well.
        return False
