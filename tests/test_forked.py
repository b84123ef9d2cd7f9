"""A forked process is one of its own: number, folder, environment, what it prints, and how it ends."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests import forked
from tests.forked import Forked

SAYS = """
import os, sys
print(os.getpid() != os.getppid(), os.getcwd(), sys.argv[1:], dict(os.environ), sys.stdin.read() == "")
print(sys.argv[0], sys.path[0] == "", file=sys.stderr)
"""


WAITS = """
import sys, threading, time
threading.Thread(target=lambda: (time.sleep(0.1), print("a thread", file=sys.stderr))).start()
"""
LEAVES = """
import os
class Left:
    def __del__(self, write=os.write):
        write(2, b"a global")
left = Left()
def uses():
    return left
"""


def test_it_has_what_it_was_given_and_nothing_else(tmp_path: Path) -> None:
    """Folder, arguments and environment are those that were asked for, whatever those of the server are."""
    done = forked.run("one", 2, source=SAYS, folder=tmp_path, environment={"A": "b"})
    assert done.stdout == f"True {tmp_path} ['one', '2'] {{'A': 'b'}} True\n"
    assert done.stderr == "-c True\n"


@pytest.mark.parametrize(
    ("source", "status", "said"),
    [
        ("", 0, ""),
        ("raise SystemExit(3)", 3, ""),
        ("raise SystemExit('why')", 1, "why"),
        ("1 / 0", 1, "ZeroDivisionError"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
        ("import atexit, sys; atexit.register(print, 'left', file=sys.stderr)", 0, "left"),
        (WAITS, 0, "a thread"),
        (LEAVES, 0, "a global"),
    ],
)
def test_it_ends_as_a_process_begun_afresh(source: str, status: int, said: str) -> None:
    """Its status, the traceback of what it raised, and what is done when it ends."""
    done = forked.run(source=source)
    assert done.returncode == status
    assert said in done.stderr


def test_several_run_at_once_and_none_waits_for_another() -> None:
    """One that waits at its gate holds nobody up, and `with` ends what has not ended."""
    with Forked(source="print('first')") as first, Forked(source="while True: pass") as endless:
        endless.let_go()
        assert forked.run(source="print('other')").stdout == "other\n"
        with pytest.raises(TimeoutError):
            endless.wait(0.05)
        assert first.printed() == (b"", b"")
        first.let_go()
        assert first.wait() == 0
        assert first.printed()[0] == b"first\n"
    assert endless.status == -signal.SIGKILL
    assert not os.path.exists(f"/proc/{endless.pid}")
