"""A process killed while it recovers turns leaves each of them recovered, or to be recovered by the next opening."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from chatdoc.open import open_document, read_document
from tests import strace
from tests.agents.processes import Worker

POINTS_MAX = 6
"""At so many calls at most the recovery is cut off, the first and the last among them."""
PROGRAM = """
import sys
from chatdoc.open import open_document
document = open_document(sys.argv[1])
print("recovered", flush=True)
document.close()
"""


@pytest.fixture
def left(tmp_path: Path) -> tuple[Path, list[str]]:
    """A folder with a file whose two turns ran when their process was killed, and their messages."""
    folder = tmp_path / "left"
    folder.mkdir()
    path = folder / "team.chat"
    with open_document(path) as document:
        threads = [
            document.create_thread(sender_id="ada", content="root", name=name).thread_id
            for name in ("Plan", "Build")
        ]
    with Worker(path) as worker:
        messages = [worker.start(thread_id, "some", "words") for thread_id in threads]
        worker.kill()
    return folder, messages


@pytest.mark.parametrize("call", ["pwrite64", "renameat2"])
def test_killed_while_recovering_each_turn_is_recovered_once(
    tmp_path: Path, left: tuple[Path, list[str]], call: str
) -> None:
    """Wherever the first recovery was cut off, the next opening finishes it, and nothing is marked twice."""
    origin, messages = left
    folder = tmp_path / "tried"
    shutil.copytree(origin, folder)
    plain = strace.run(PROGRAM, folder / "team.chat", trace=call, paths=(), folder=tmp_path)
    points = [number for number, line in enumerate(plain.calls, 1) if str(folder) in line]
    assert points, f"a recovery makes no {call}; this test would test nothing"
    before = 0
    for number in points[:: max(1, len(points) // POINTS_MAX)] + points[-1:]:
        shutil.rmtree(folder)
        shutil.copytree(origin, folder)
        inject = f"signal=KILL:when={number}"
        ended = strace.run(
            PROGRAM, folder / "team.chat", trace=call, paths=(), folder=tmp_path, inject=inject
        )
        assert ended.status == strace.SIGKILL_STATUS
        before += sum(read_document(folder / "team.chat").message(one).generating for one in messages)
        with open_document(folder / "team.chat") as document:
            assert document.agents.running() == ()
            assert document.agents.ownership.leases() == ()
            assert document.check(full=True).ok
            for message_id in messages:
                message = document.message(message_id)
                assert (message.content, message.generating) == ("somewords", False)
                assert message.acp_interrupted_reason == "server_restart"
                assert len(document.view.revisions[message_id]) == 1
                assert len(document.view.marks[message_id]["acp_interrupted"]) == 1
    assert before or call == "renameat2", (
        "every recovery was done when it was cut off; this test would test little"
    )
