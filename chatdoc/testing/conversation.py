"""A seeded conversation: two threads that everybody has, so that there is something to answer, edit and tidy up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chatdoc.document import Document
from chatdoc.testing.network import Network

PAUSE_MS = 60_000


def converse_over(network: Network) -> None:
    """Let people and an agent talk in the documents of a network, and deliver all of it, a minute apart."""

    def pause() -> None:
        network.settle()
        for clock in network.clocks:
            clock.advance(PAUSE_MS)

    converse(network.documents, pause=pause)


def converse(documents: Sequence[Document], *, pause: Callable[[], object]) -> None:
    """Let people and an agent talk, each in one of these documents; in a pause everybody hears of everything.

    It has replies, an edit, a renamed thread, an agent's finished answer, a deleted message, and letters beyond ASCII.
    """
    ada, bob, codex = (documents[number % len(documents)] for number in range(3))
    plan = ada.create_thread(
        sender_id="ada", content="Où en est le café ?", name="Plan", acp_config={"model": "gpt-5-codex"}
    )
    pause()
    reply = bob.send(plan.thread_id, sender_id="bob", content="Almost done.")
    bob.configure(plan.thread_id, updated_by="bob", name="Café", thread_color="blue")
    pause()
    ada.edit(plan.root_message_id, author_id="ada", content="Où en est le café, Bob ?")
    ada.send(plan.thread_id, sender_id="ada", content="Then tell Codex.", reply_to=reply.message_id)
    pause()
    with codex.start_turn(plan.thread_id, sender_id="codex") as turn:
        turn.append("It is open ")
        turn.append("from 8 to 20 \N{HOT BEVERAGE}.")
        turn.finalize()
    ideas = bob.create_thread(sender_id="bob", content="Ideas", name="Ideas")
    pause()
    slip = ada.send(ideas.thread_id, sender_id="ada", content="Wrong thread")
    ada.delete_message(slip.message_id, deleted_by="ada")
    codex.send(ideas.thread_id, sender_id="codex", content="A terrace")
    pause()
