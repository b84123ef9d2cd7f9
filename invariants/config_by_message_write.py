"""Only config commands write a thread's config; those that create a thread write that of no other.

A turn may bind its agent's session, which is one field of the config, and nothing else.
What peers send is not judged: they batch commands, and a migration writes everything at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from chatdoc.model.commands.decide import CONFIG_COMMANDS
from chatdoc.model.commands.turn_stream import SESSION
from chatdoc.model.delta import Delta
from chatdoc.model.view.view import View
from invariants.rule import Rule, Violation

CREATING = frozenset({"CreateThread", "ForkThread"})
BINDING = frozenset({"BindSession"})


def judge(_view: View, delta: Delta) -> Iterator[Violation]:
    """One violation for each thread whose config a command wrote that may not."""
    if delta.command is None:
        return
    written = delta.configs
    if delta.command in CREATING:
        written -= delta.new_threads
    elif delta.command in CONFIG_COMMANDS:
        return
    elif delta.command in BINDING:
        written = frozenset(thread_id for thread_id, field in delta.settings if field != SESSION)
    for thread_id in sorted(written):
        yield Violation(
            code="config_by_message_write",
            subject=thread_id,
            detail=f"{delta.command} wrote the config of this thread, which only ConfigureThread may",
        )


CONFIG_BY_MESSAGE_WRITE = Rule(
    code="config_by_message_write",
    promise="Only config commands write a thread's config; those that create a thread write that of no other.",
    kind="transition",
    watches=("configs",),
    judge=judge,
)
