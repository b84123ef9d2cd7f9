"""A seeded conversation: two threads that everybody has, so that there is something to answer, edit and tidy up."""

from __future__ import annotations

from chatdoc.testing.network import Network

PAUSE_MS = 60_000


def converse(network: Network) -> None:
    """Let people and an agent talk in every document of a network, and deliver all of it.

    It has replies, an edit, a renamed thread, an agent's finished answer, a deleted message, and letters beyond ASCII.
    """
    documents = network.documents
    ada, bob, codex = (documents[number % len(documents)] for number in range(3))
    plan = ada.create_thread(
        sender_id="ada", content="Où en est le café ?", name="Plan", acp_config={"model": "gpt-5-codex"}
    )
    _later(network)
    reply = bob.send(plan.thread_id, sender_id="bob", content="Almost done.")
    bob.configure(plan.thread_id, updated_by="bob", name="Café", thread_color="blue")
    _later(network)
    ada.edit(plan.root_message_id, author_id="ada", content="Où en est le café, Bob ?")
    ada.send(plan.thread_id, sender_id="ada", content="Then tell Codex.", reply_to=reply.message_id)
    _later(network)
    with codex.start_turn(plan.thread_id, sender_id="codex") as turn:
        turn.append("It is open ")
        turn.append("from 8 to 20 \N{HOT BEVERAGE}.")
        turn.finalize()
    ideas = bob.create_thread(sender_id="bob", content="Ideas", name="Ideas")
    _later(network)
    slip = ada.send(ideas.thread_id, sender_id="ada", content="Wrong thread")
    ada.delete_message(slip.message_id, deleted_by="ada")
    codex.send(ideas.thread_id, sender_id="codex", content="A terrace")
    _later(network)


def _later(network: Network) -> None:
    """Deliver all there is, and let a minute pass on every clock."""
    network.settle()
    for clock in network.clocks:
        clock.advance(PAUSE_MS)
