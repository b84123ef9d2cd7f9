"""A real process beside a simulation: it opens a file, sends what it is told to, meets a full disk, and is killed.

Started as `python -m chatdoc.testing.second_process FILE CLOCK_MS SEED`. Each line it reads is one order, each line it
prints is the answer to one, after what was ordered is stored. The disk is full by a limit of the system on the size of
files (RLIMIT_FSIZE): real writes fail at a real byte, in the journal of the store as in the file.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from chatdoc.model.errors import ChatdocError
from chatdoc.open import open_document

ANSWER_S = 60


class SecondProcess:
    """Such a process, from outside; `with` ends it in an orderly way, unless it was killed."""

    def __init__(self, file: Path, *, clock_ms: int, seed: int) -> None:
        path = os.pathsep.join(part for part in sys.path if part)
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(file), str(clock_ms), str(seed)],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == {"opened": True}

    def send(self, thread_id: str, content: str, command_id: str) -> str | None:
        """Let it send a message; the message's id, or None where its disk did not take it."""
        answer = self._order(do="send", thread_id=thread_id, content=content, command_id=command_id)
        message_id: str | None = answer["message_id"]
        return message_id

    def fill_disk(self, after_bytes: int | None) -> None:
        """Let no file grow by more than so many bytes beyond the largest there is; None makes room again."""
        self._order(do="fill", after_bytes=after_bytes)

    def kill(self) -> None:
        """End it by SIGKILL, in the midst of whatever it does."""
        self._process.kill()
        self._end()

    def kill_while_it_sends(self, thread_id: str, content: str, command_id: str) -> None:
        """Order a message and kill it without waiting for the answer."""
        self._write(do="send", thread_id=thread_id, content=content, command_id=command_id)
        self.kill()

    def __enter__(self) -> SecondProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._end()

    def _end(self) -> None:
        self._process.wait(ANSWER_S)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None and not stream.closed:
                stream.close()

    def _order(self, **order: Any) -> dict[str, Any]:
        self._write(**order)
        return self._answer()

    def _write(self, **order: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the second process ended unasked; see what it said above"
        answer: dict[str, Any] = json.loads(line)
        return answer


def main(file: Path, clock_ms: int, seed: int) -> None:
    """Do what the lines say until they end; then the document is closed."""
    signal.signal(
        signal.SIGXFSZ, signal.SIG_IGN
    )  # What goes beyond the limit fails, instead of ending the process.
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ticks = count(clock_ms)
    with open_document(
        file, clock=lambda: next(ticks), random=Random(seed).randbytes, durability="normal"
    ) as document:
        _tell(opened=True)
        for line in sys.stdin:
            order = json.loads(line)
            if order["do"] == "fill":
                after = order["after_bytes"]
                limit = hard if after is None else _largest(file.parent) + after
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
                _tell(filled=after is not None)
                continue
            try:
                sent = document.send(
                    order["thread_id"], sender_id="second", content=order["content"],
                    command_id=order["command_id"],
                )  # fmt: skip
                _tell(message_id=sent.message_id)
            except ChatdocError as error:
                _tell(message_id=None, error=type(error).__name__)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def _largest(folder: Path) -> int:
    """The bytes of the largest file below a folder."""
    return max((one.stat().st_size for one in folder.rglob("*") if one.is_file()), default=0)


def _tell(**answer: Any) -> None:
    os.write(1, (json.dumps(answer) + "\n").encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
