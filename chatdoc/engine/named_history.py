"""Reference in place of a copy: the answer in a receipt names the texts of a message by their digests.

So a receipt does not grow with what its message ever said, and the answer to a repeated command is the first one to
the byte: a revision is a lasting fact. A text that is no fact yet, as that of an answer still streamed, is copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import msgspec

from chatdoc.model.records.message import Message, Revision
from chatdoc.model.view.assemble import first_revision
from chatdoc.model.view.view import View

_encode = msgspec.json.Encoder(order="deterministic").encode


def name_history(view: View, message: Message) -> dict[str, Any]:
    """The fields of a message, its history as a list of 16 hex digits each; whole where the view has no such fact."""
    known = set(_revisions(view, message.message_id))
    fields = {field: getattr(message, field) for field in message.__struct_fields__}
    fields["history"] = [_digest(one) if one in known else one for one in message.history]
    return fields


def find_history(view: View, fields: Mapping[str, Any]) -> Message | None:
    """The message that `name_history` gave as `fields`, decoded; None where the view lacks one of its texts."""
    found = {_digest(one): one for one in _revisions(view, fields["message_id"])}
    history = [found.get(one) if isinstance(one, str) else one for one in fields["history"]]
    if None in history:
        return None
    said = [msgspec.to_builtins(one) for one in history]
    return msgspec.convert({**fields, "history": said}, Message)


def _revisions(view: View, message_id: str) -> Iterator[Revision]:
    if view.has_message(message_id):
        yield from map(first_revision, view.variants_of_message(message_id))
        for fact in view.revisions.get(message_id, ()):
            yield fact.revision


def _digest(revision: Revision) -> str:
    return sha256(_encode(revision)).hexdigest()[:16]
