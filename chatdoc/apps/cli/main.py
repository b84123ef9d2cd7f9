"""`chatdoc` on the command line: status 0 is good, 1 a violation or a failed operation, 2 misuse.

A command's module is imported when the command is used, so `--help` costs no more than its table.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from io import StringIO
from typing import Any, NamedTuple

import click

from chatdoc.model.errors import ChatdocError


class Entry(NamedTuple):
    """Where a command is, and the line that the list of commands has for it."""

    home: str
    summary: str


_ROOM = "chatdoc.apps.cli"
COMMANDS: dict[str, Entry] = {
    "open": Entry(f"{_ROOM}.open:open_", "Open FILE and show what it holds."),
    "check": Entry(f"{_ROOM}.check:check", "Check FILE and its store, and write nothing unless asked to."),
    "migrate": Entry(f"{_ROOM}.migrate:migrate", "Migrate files and whole folders."),
    "rollback": Entry(f"{_ROOM}.rollback:rollback", "Give FILE its old bytes back."),
    "recover": Entry(
        f"{_ROOM}.recover:recover",
        "Give back the text of a FILE that is lost, damaged or replaced, or of all such files of a FOLDER.",
    ),
    "compact": Entry(
        f"{_ROOM}.compact:compact",
        "Seal the old updates and events of a FILE's document, or of all documents of a FOLDER, and give back their"
        " space.",
    ),
    "forget": Entry(
        f"{_ROOM}.forget:forget", "Remove the store of FILE, its backups and what leads to them."
    ),
    "export": Entry(f"{_ROOM}.export:export", "Write FILE in another format."),
    "quarantine": Entry(f"{_ROOM}.quarantine:quarantine", "List the damaged lines of FILE."),
    "search": Entry(f"{_ROOM}.search:search", "Find messages that hold all words of QUERY."),
    "status": Entry(
        f"{_ROOM}.status:status", "Show the documents of FOLDER, and of those below it, with their stores."
    ),
    "log": Entry(f"{_ROOM}.log:log", "Print the event log of FILE."),
    "replay": Entry(
        f"{_ROOM}.replay:replay", "Tell a thread of FILE, or of a project's transcripts, again, turn by turn."
    ),
    "snapshot": Entry(
        f"{_ROOM}.snapshot:snapshot", "Show all that the event logs of a folder's documents say now."
    ),
    "projections": Entry(
        f"{_ROOM}.projections:projections",
        "See to the tables that are folded from the event log of a document, and to its size.",
    ),
    "serve": Entry(f"{_ROOM}.serve:serve", "Serve the chats of FOLDER over websocket and HTTP until Ctrl-C."),
    "mcp": Entry(f"{_ROOM}.mcp:mcp", "Let an assistant read the chats of FOLDER (Model Context Protocol)."),
    "push": Entry(
        f"{_ROOM}.transfer:push",
        "Copy FILE, or the chats of FOLDER, into a database, each with its whole history.",
    ),
    "pull": Entry(
        f"{_ROOM}.transfer:pull",
        "Copy the documents of a database into FOLDER, as `.chat` files with their stores.",
    ),
    "cutover": Entry(
        f"{_ROOM}.cutover:cutover",
        "Let the document of FILE live in a database from now on, while it is in use, or back.",
    ),
    "ledger": Entry(f"{_ROOM}.ledger:ledger", "Keep ledgers of thread transcripts."),
    "dual": Entry(f"{_ROOM}.dual:dual", "Move a consensus database from its old tables to its new ones."),
    "import": Entry(f"{_ROOM}.import_:import_", "Import session logs of Codex, Claude Code and ACP agents."),
    "reindex": Entry(f"{_ROOM}.reindex:reindex", "Read imported session logs anew."),
    "audit": Entry(f"{_ROOM}.audit:audit", "Compare session logs with what was imported of them."),
    "fuzz": Entry(f"{_ROOM}.fuzz:fuzz", "Let simulated writers look for defects."),
}


def _terminal() -> Any:
    """What prints safely; imported where there is something to print."""
    return import_module(f"{_ROOM}.terminal")


class Front(click.Group):
    """Commands in the order of their table; an error made for the reader is shown as one, without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands in the order of their table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, imported now."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, name = entry.home.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from their table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])

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
            as_json = "--json" in (sys.argv[1:] if args is None else args)
            _terminal().print_misuse(error.format_message(), message.getvalue(), as_json=as_json)
            status = error.exit_code
        except click.Abort:
            if not alone:
                raise
            _terminal().say("Aborted!", err=True)
            status = 1
        sys.exit(status if isinstance(status, int) else 0)

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command; ChatdocError and what the disk refuses end with status 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except (ChatdocError, OSError) as error:
            _terminal().print_error(error)
            raise click.exceptions.Exit(1) from error


@click.group(cls=Front, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="chatdoc", prog_name="chatdoc")
def main() -> None:
    """Open any .chat file and trust it.

    One file, many writers, nothing lost, and every broken promise is seen at once.
    """


if __name__ == "__main__":
    main()
