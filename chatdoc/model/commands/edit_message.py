"""Editing adds a revision above every one its writer has seen; none is ever replaced."""

from __future__ import annotations

import msgspec

from chatdoc.model.arguments import require_message, require_text
from chatdoc.model.clock import iso
from chatdoc.model.commands.plan import Now, Plan
from chatdoc.model.facts import RevisionFact
from chatdoc.model.ids import MessageId, RevisionId
from chatdoc.model.view.assemble import newest_revision_id
from chatdoc.model.view.view import View


class EditMessage(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Give a message a new text."""

    message_id: MessageId
    author_id: str
    content: str


def decide(command: EditMessage, view: View, now: Now) -> Plan:
    """The plan for one revision; its answer is the message."""
    require_message(view, command.message_id, "edit")
    require_text("author_id", command.author_id)
    require_text("content", command.content)
    known = view.revisions.get(command.message_id, ())
    newest = newest_revision_id(view.variants_of_message(command.message_id), known)
    revision = RevisionFact(
        message_id=command.message_id,
        revision_id=RevisionId(now.ids.mint(above=newest)),
        author_id=command.author_id,
        content=command.content,
        date=iso(now.ms),
    )
    return Plan(facts=(revision,), kind="message", subject=command.message_id)
