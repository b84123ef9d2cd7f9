"""Authorization: whoever lets others give commands is asked for each fact of one, before it is entered anywhere.

A fact that a command writes under another name, the end of an agent's turn say, follows from what was asked; whether
that may be asked for is the business of whoever takes the command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from chatdoc.model.errors import NotAllowed
from chatdoc.model.facts import Fact
from chatdoc.model.view.view import View

Permit = Callable[[Fact, View], bool]
"""Whether a fact may be written now."""
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


def require_permitted(permit: Permit, name: str, facts: Sequence[Fact], view: View) -> None:
    """Raise NotAllowed where a fact of the command of this name may not be written; nothing was written then."""
    if not all(permit(fact, view) for fact in facts):
        raise NotAllowed(
            f"{name}: this client may not write what the command would write", hint="Ask who runs the server"
        )
