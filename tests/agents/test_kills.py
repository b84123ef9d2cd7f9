"""Processes that run turns on several threads are killed at random moments; all that was acknowledged is there.

`CHATDOC_KILLS=1000` kills so many; the seed of a run that failed is in its name.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from chatdoc.document import Document
from chatdoc.open import open_document
from tests.agents.processes import ENVIRONMENT
from tests.event_view.workplace import ask, folded

KILLS = int(os.environ.get("CHATDOC_KILLS", "24"))
KILLS_A_FILE = 8
"""So many kills a document lives through."""
RUNNING = "SELECT turn_id FROM projection_thread_turns WHERE status = 'running'"
CONFIG = {"model": "gpt", "sessionId": "s-1"}


class Doomed:
    """Processes on one file, and all that they said was done."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.agents.doomed", str(path)],
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines = 0
        self.started: set[str] = set()
        self.said: defaultdict[str, str] = defaultdict(str)
        self.ended: dict[str, str] = {}
        self.pids: list[int] = []

    def begin(self, seed: str) -> int:
        """One more process; its number, once it has the document open."""
        before = set(self.pids)
        self._tell(seed)
        while set(self.pids) == before:
            self.hear()
        return self.pids[-1]

    def hear(self) -> bool:
        """Take one line; false for a mark."""
        assert self.process.stdout is not None
        words = self.process.stdout.readline().split()
        assert words, "the processes are gone"
        if words == ["mark"]:
            return False
        pid, what, *rest = words
        assert what != "broke", " ".join(rest)
        self.lines += 1
        if what == "opened":
            self.pids.append(int(pid))
        elif what == "started":
            self.started.add(rest[0])
        elif what == "flushed":
            self.said[rest[0]] += rest[1]
        else:
            self.ended[rest[0]] = rest[1]
        return True

    def kill(self, pid: int) -> None:
        """Kill one of the processes, and wait until it is gone."""
        os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            while True:
                os.kill(pid, 0)
                time.sleep(0.0005)

    def drain(self) -> None:
        """Take all that was said until now."""
        self._tell("mark")
        while self.hear():
            pass

    def close(self) -> None:
        """Kill what is left."""
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with three threads."""
    made = tmp_path / "team.chat"
    with open_document(made) as document:
        for name in ("Plan", "Build", "Ship"):
            document.create_thread(sender_id="ada", content="root", name=name, acp_config=CONFIG)
    return made


@pytest.fixture
def doomed(path: Path) -> Iterator[Doomed]:
    """Processes that run turns on the file."""
    made = Doomed(path)
    yield made
    made.close()


def settings(document: Document) -> list[Any]:
    """Every change of every config, ever."""
    return [document.config_history(one.thread_id) for one in document.threads()]


def without_time(tables: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """Folded rows without the moment they were folded at."""
    return {**tables, "projection_state": [row[:2] for row in tables["projection_state"]]}


def require_all_there(document: Document, doomed: Doomed, why: str) -> None:
    """Every turn that was started is there, with all that it flushed, ended as was acknowledged."""
    running = {turn.message_id for turn in document.agents.running()}
    for message_id in doomed.started:
        message = document.message(message_id)
        assert message.content.startswith(doomed.said[message_id]), (why, message_id)
        how = doomed.ended.get(message_id)
        if how is not None:
            assert not message.generating, (why, message_id)
            assert message.acp_interrupted_reason == ("interrupt" if how == "interrupt" else None), why
        elif message_id not in running:
            # It ended and could not say so, or was recovered.
            assert not message.generating, (why, message_id)
    assert document.check(full=True).ok, why


@pytest.mark.parametrize("seed", range((KILLS + KILLS_A_FILE - 1) // KILLS_A_FILE))
def test_killed_at_any_moment_everything_acknowledged_is_there(path: Path, doomed: Doomed, seed: int) -> None:
    """Two processes run turns beside each other: when one is killed the other's go on, when both are none runs."""
    random = Random(seed)
    with open_document(path) as document:
        configs = settings(document)
        threads = [one.thread_id for one in document.threads()]
    recovered = 0
    for kill in range(min(KILLS_A_FILE, KILLS - seed * KILLS_A_FILE) // 2):
        why = f"seed {seed}, kills {2 * kill} and {2 * kill + 1}"
        pids = [doomed.begin(f"{seed} {kill} {number}") for number in range(2)]
        until = doomed.lines + random.randrange(120)
        while doomed.lines < until:
            doomed.hear()
        time.sleep(random.random() * 0.004)
        dies, lives = random.sample(pids, 2)
        doomed.kill(dies)
        if random.random() < 0.5:
            with open_document(path) as document:
                assert {turn.pid for turn in document.agents.running()} <= {lives}, why
                assert {turn.standing for turn in document.agents.running()} <= {"alive"}, why
                doomed.drain()
                require_all_there(document, doomed, why)
        time.sleep(random.random() * 0.004)
        doomed.kill(lives)
        doomed.drain()
        if random.random() < 0.2:
            continue  # Whoever opens it next recovers the turns.
        with open_document(path) as document:
            assert document.agents.running() == (), why
            assert document.agents.ownership.leases() == (), why
            require_all_there(document, doomed, why)
            assert settings(document) == configs, why
            for thread_id in threads:
                assert document.state(thread_id).state not in ("running", "idle"), why
            assert ask(path.parent, RUNNING) == [], why
            messages = [document.message(one) for one in doomed.started]
            recovered += sum(one.acp_interrupted_reason == "server_restart" for one in messages)
    with open_document(path) as document:
        before = folded(path.parent)
        document.log.rebuild()
        assert without_time(folded(path.parent)) == without_time(before), f"seed {seed}"
    assert recovered, "no process was killed while it ran a turn; this test would test nothing"
