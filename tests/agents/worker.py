"""A process that runs turns as it is told, line by line: `python -m tests.agents.worker FILE`.

It prints a line once what was told is done and stored. `start THREAD`, `say MESSAGE WORDS`, `end MESSAGE HOW`, `open`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from chatdoc.agents.turn import Turn
from chatdoc.open import open_document


def tell(*words: object) -> None:
    """Print one line at once, past any buffer."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def main(path: Path) -> None:
    """Do what the lines say until they end; then the document is closed."""
    turns: dict[str, Turn] = {}
    with open_document(path, durability="normal") as document:
        tell("opened")
        for line in sys.stdin:
            what, name, *words = line.split()
            if what == "start":
                turn = document.start_turn(name, sender_id="codex")
                turns[turn.message_id] = turn
                tell("started", turn.message_id)
            elif what == "say":
                turns[name].append(" ".join(words))
                turns[name].flush()
                tell("said", name)
            else:
                getattr(turns[name], words[0])()
                tell("ended", name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
