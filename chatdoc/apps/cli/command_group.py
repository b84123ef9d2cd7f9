"""A group of commands lists the whole first sentence of each, on as many lines as that takes."""

from __future__ import annotations

import click

_ANY_LENGTH = 1 << 16


class CommandGroup(click.Group):
    """Commands below a command; click's own list cuts what they say after some 45 characters."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands."""
        commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, one.get_short_help_str(_ANY_LENGTH))
                    for name, one in commands.items()
                    if one is not None
                ]
            )
