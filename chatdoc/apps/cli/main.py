"""`chatdoc` on the command line: status 0 is good, 1 a violation or a failed operation, 2 misuse."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import StringIO
from typing import Any

import click

from chatdoc.apps.cli.audit import audit
from chatdoc.apps.cli.check import check
from chatdoc.apps.cli.dual import dual
from chatdoc.apps.cli.export import export
from chatdoc.apps.cli.fuzz import fuzz
from chatdoc.apps.cli.import_ import import_
from chatdoc.apps.cli.ledger import ledger
from chatdoc.apps.cli.log import log
from chatdoc.apps.cli.migrate import migrate
from chatdoc.apps.cli.open import open_
from chatdoc.apps.cli.projections import projections
from chatdoc.apps.cli.quarantine import quarantine
from chatdoc.apps.cli.reindex import reindex
from chatdoc.apps.cli.replay import replay
from chatdoc.apps.cli.rollback import rollback
from chatdoc.apps.cli.search import search
from chatdoc.apps.cli.serve import serve
from chatdoc.apps.cli.snapshot import snapshot
from chatdoc.apps.cli.status import status
from chatdoc.apps.cli.terminal import print_error, say
from chatdoc.model.errors import ChatdocError


class Front(click.Group):
    """Commands in the order they are added; an error made for the reader is shown as one, without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands in the order they are added."""
        return list(self.commands)

    def main(
        self, args: Sequence[str] | None = None, prog_name: str | None = None, *_: Any, **extra: Any
    ) -> Any:
        """Runs the program; what click says of misuse names arguments, and they may be anything."""
        alone = extra.pop("standalone_mode", True)
        try:
            status = super().main(args, prog_name, standalone_mode=False, **extra)
            if not alone:
                return status
        except click.ClickException as error:
            if not alone:
                raise
            message = StringIO()
            error.show(message)
            say(message.getvalue().rstrip("\n"), err=True)
            status = error.exit_code
        except click.Abort:
            if not alone:
                raise
            say("Aborted!", err=True)
            status = 1
        sys.exit(status if isinstance(status, int) else 0)

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command; ChatdocError and what the disk refuses end with status 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except (ChatdocError, OSError) as error:
            print_error(error)
            raise click.exceptions.Exit(1) from error


@click.group(cls=Front, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="chatdoc", prog_name="chatdoc")
def main() -> None:
    """Open any .chat file and trust it.

    One file, many writers, nothing lost, and every broken promise is seen at once.
    """


COMMANDS: tuple[click.Command, ...] = (
    open_, check, migrate, rollback, export, quarantine, status, log, replay, snapshot, projections, serve, fuzz,
    ledger, dual, import_, reindex, audit, search,
)  # fmt: skip
for command in COMMANDS:
    main.add_command(command)

if __name__ == "__main__":
    main()
