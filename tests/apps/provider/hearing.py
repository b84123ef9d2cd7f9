"""A process that hears what an agent says, and reports what it took: `python -m tests.apps.provider.hearing FILE`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from chatdoc.apps.provider.ingestion import Ingestion
from chatdoc.apps.provider.runtime_event import RuntimeEvent
from chatdoc.open import open_document
from tests.apps.provider.saying import said

TURNS = 4
PIECES = 12


def text(turn: int) -> str:
    """What a turn says in all."""
    return "".join(f"{turn}.{piece} " for piece in range(PIECES))


def speech(thread_id: str) -> list[RuntimeEvent]:
    """What the agent says: some turns, each with tools, streamed text, its whole, and an end."""
    events: list[RuntimeEvent] = []

    def say(kind: str, turn: str | None = None, **given: object) -> None:
        events.append(said(thread_id, kind, turn, event_id=f"e-{len(events)}", **given))

    say("session.started", provider_session_id="s-1")
    for number in range(TURNS):
        turn = f"t-{number}"
        say("turn.started", turn, raw={"method": "turn/started"})
        for piece in range(PIECES):
            say("message.delta", turn, delta=f"{number}.{piece} ", item_id="i")
            if piece % 4 == 0:
                say("tool.started", turn, summary=f"{number}.{piece}")
        say("message.completed", turn, text=text(number), item_id="i")
        say("turn.completed", turn, usage={"output_tokens": PIECES})
    return events


def main(path: Path) -> None:
    """Take it all, flushing every event, so that each report is a promise."""
    with open_document(path, durability="normal") as document, Ingestion(document) as ingestion:
        for event in speech(document.threads()[0].thread_id):
            taken = ingestion.take(event)
            ingestion.flush()
            os.write(1, f"{event.event_id if taken else 'nothing new'}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
