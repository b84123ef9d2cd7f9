"""Processes that run turns on every thread of a file until they are killed: `python -m tests.agents.doomed FILE`.

For each line, a seed, one is forked; for the line `mark` the line `mark` is printed. A process says who it is and what
was done, each after it was stored: `opened`, `started MESSAGE`, `flushed MESSAGE TEXT`, `ended MESSAGE HOW`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from random import Random

from chatdoc.agents.turn import Turn
from chatdoc.document import Document
from chatdoc.model.errors import CommandRefused
from chatdoc.open import open_document


def tell(*words: object) -> None:
    """Print one line at once, past any buffer."""
    os.write(1, (" ".join(map(str, [os.getpid(), *words])) + "\n").encode())


def run_turns(document: Document, thread_id: str, random: Random) -> None:
    """Start turns of one thread, one after the other, and end each in some way, for as long as the process lives."""
    number = 0
    while True:
        try:
            turn = document.agents.start_next(thread_id, sender_id="codex")
            turn = turn or document.start_turn(thread_id, sender_id="codex")
        except CommandRefused:  # The other process runs a turn in this thread.
            rest(random, 10)
            continue
        tell("started", turn.message_id)
        while random.random() < 0.9:
            number += 1
            text = f"{turn.message_id}:{number};" * random.choice((1, 1, 1, 40))
            turn.append(text)
            turn.flush()
            tell("flushed", turn.message_id, text)
            rest(random, 2)
            if random.random() < 0.1:
                document.agents.queue_turn(thread_id, sender_id="ada", content=f"and {number}?")
        end_somehow(turn, random)


def rest(random: Random, ms: float) -> None:
    """Let the other process have its turn at the store, as an agent does that waits for its model."""
    time.sleep(random.random() * ms / 1000)


def end_somehow(turn: Turn, random: Random) -> None:
    """Finalize, interrupt or fail a turn."""
    how = random.choice(("finalize", "finalize", "interrupt", "fail"))
    if how == "fail":
        turn.fail("no luck")
    else:
        getattr(turn, how)()
    tell("ended", turn.message_id, how)


def work(path: Path, seed: str) -> None:
    """Run turns on every thread at once."""

    def forever(thread_id: str) -> None:
        try:
            run_turns(document, thread_id, Random(f"{seed} {thread_id}"))
        except BaseException:
            tell("broke", traceback.format_exc().replace("\n", " | "))
            os._exit(1)

    document = open_document(path, durability="normal")
    tell("opened")
    for thread in document.threads():
        threading.Thread(target=forever, args=(thread.thread_id,)).start()


def main(path: Path) -> None:
    """Fork one process a line; who was killed is fetched by the system."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if line.strip() == "mark":
            os.write(1, b"mark\n")
        elif os.fork() == 0:
            sys.stdin.close()
            work(path, line)
            break


if __name__ == "__main__":
    main(Path(sys.argv[1]))
