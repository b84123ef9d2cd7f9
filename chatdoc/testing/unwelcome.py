"""Commands that fit nothing in a document: each must be refused, and leaves no more than its receipt."""

from __future__ import annotations

from random import Random

from chatdoc.model.commands.decide import Command
from chatdoc.model.commands.delete import DeleteMessage
from chatdoc.model.commands.edit_message import EditMessage
from chatdoc.model.commands.send_message import SendMessage
from chatdoc.model.commands.turn_end import FinalizeTurn
from chatdoc.model.commands.turn_stream import AppendPiece
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view.view import View

NOWHERE = ThreadId("01HF7YAT00000000000000THRD")
NOBODY = MessageId("01HF7YAT00000000000000MSSG")


def unwelcome(random: Random, view: View) -> Command:
    """One of them, at random."""
    known = sorted(view.headers)
    message_id = MessageId(random.choice(known)) if known else NOBODY
    home = view.headers[message_id].thread_id if known else NOWHERE
    return random.choice(
        (
            SendMessage(thread_id=NOWHERE, sender_id="eve", content="to nowhere"),
            SendMessage(thread_id=home, sender_id="eve", content="Hi", reply_to=NOBODY),
            EditMessage(message_id=NOBODY, author_id="eve", content="of nothing"),
            DeleteMessage(message_id=NOBODY, deleted_by="eve"),
            FinalizeTurn(thread_id=NOWHERE, message_id=message_id),
            AppendPiece(thread_id=home, message_id=message_id, seq=10_000, text="too far"),
        )
    )
