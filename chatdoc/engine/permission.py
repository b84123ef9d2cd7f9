"""Authorization: whoever lets others give commands is asked for each fact of one, before it is entered anywhere.

A command that writes events alone has no facts: what is asked about is the command itself.

A fact that a command writes under another name, the end of an agent's turn say, follows from what was asked; whether
that may be asked for is the business of whoever takes the command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from chatdoc.model.commands.decide import Command, LogCommand
from chatdoc.model.errors import NotAllowed
from chatdoc.model.facts import Fact
from chatdoc.model.view.view import View

Permit = Callable[[Fact | LogCommand, View], bool]
"""Whether a fact may be written now, or a command be given that has none."""
PERMIT: ContextVar[Permit | None] = ContextVar("permit", default=None)
"""What is asked for the facts of the commands that are given here and now, whoever carries them out."""


@contextmanager
def permitting(permit: Permit | None) -> Iterator[None]:
    """Ask `permit` for each fact of the commands given within; nobody where it is None."""
    before = PERMIT.set(permit)
    try:
        yield
    finally:
        PERMIT.reset(before)


def require_permitted(permit: Permit, command: Command, facts: Sequence[Fact], view: View) -> None:
    """Raise NotAllowed where a fact of the command, or one without facts, is refused; nothing was written then."""
    asked = (command,) if isinstance(command, LogCommand) else facts
    if not all(permit(one, view) for one in asked):
        raise NotAllowed(
            f"{type(command).__name__}: this client may not write what the command would write",
            hint="Ask who runs the server",
        )
