"""A turn is ended when its owner is gone for sure, with all that was flushed, once, and by nobody else before."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from chatdoc.agents.ownership import STALE_MS
from chatdoc.document import Document
from chatdoc.model.errors import CommandRefused, DocumentFailed
from chatdoc.model.records.message import Message
from chatdoc.open import open_document, read_document
from chatdoc.testing.clocks import ManualClock
from tests.agents.processes import Worker
from tests.forked import Forked
from tests.store_file import store_file

CONFIG = {"model": "gpt", "sessionId": "s-1", "workingDirectory": "/srv"}
OPEN = "import sys; from chatdoc.open import open_document; open_document(sys.argv[1]).close()"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with two threads, of which the first has a config."""
    made = tmp_path / "team.chat"
    with open_document(made) as document:
        document.create_thread(sender_id="ada", content="root", name="Plan", acp_config=CONFIG)
        document.create_thread(sender_id="bob", content="another", name="Other")
    return made


def threads(path: Path) -> list[str]:
    """The ids of the file's threads."""
    return [one.thread_id for one in read_document(path).threads()]


def settings(path: Path) -> list[Any]:
    """Every change of every config, ever."""
    reader = read_document(path)
    return [reader.config_history(one.thread_id) for one in reader.threads()]


def killed(path: Path, *texts: str) -> str:
    """The message of a turn in the first thread whose process was killed."""
    with Worker(path) as worker:
        message_id = worker.start(threads(path)[0], *texts)
        worker.kill()
    return message_id


def require_interrupted(document: Document, message_id: str, content: str, reason: str) -> Message:
    """The message of a turn that was recovered, as one is."""
    message = document.message(message_id)
    assert (message.content, message.generating) == (content, False)
    assert (message.acp_interrupted, message.acp_interrupted_reason) == (True, reason)
    assert message.acp_interrupted_text
    state = document.state(message.thread_id)
    assert (state.state, state.active_message_id) == ("interrupted", message_id)
    assert document.agents.running() == ()
    assert document.agents.ownership.lease(message_id) is None
    assert document.check(full=True).ok
    return message


def edit_lease(path: Path, what: str) -> None:
    """Change the leases of a store behind everybody's back."""
    connection = sqlite3.connect(store_file(path.parent))
    with connection:
        assert connection.execute(f"UPDATE turn_leases SET {what}").rowcount == 1
    connection.close()


def test_killed_turn_is_recovered_at_the_next_opening(path: Path) -> None:
    """What was flushed stays, the thread's state is terminal, and no config has changed."""
    before = settings(path)
    message_id = killed(path, "one ", "two ")
    with open_document(path) as document:
        require_interrupted(document, message_id, "onetwo", "server_restart")
        assert document.start_turn(threads(path)[0], sender_id="codex").finalize("again").content == "again"
    assert settings(path) == before


def test_killed_turn_that_said_nothing_is_recovered(path: Path) -> None:
    """Its message is there, empty, and marked."""
    message_id = killed(path)
    with open_document(path) as document:
        require_interrupted(document, message_id, "", "server_restart")


def test_live_turn_of_another_process_is_left_alone(path: Path) -> None:
    """It is shown as alive and as that process's, it goes on, and it cannot be recovered by hand."""
    with Worker(path) as worker:
        message_id = worker.start(threads(path)[0], "one")
        with open_document(path) as document:
            (turn,) = document.agents.running()
            assert (turn.message_id, turn.pid, turn.standing, turn.ours) == (
                message_id,
                worker.pid,
                "alive",
                False,
            )
            assert document.agents.recover_turns() == ()
            with pytest.raises(CommandRefused, match=f"process {worker.pid} runs it"):
                document.agents.recover(turn.thread_id, turn.message_id)
            worker.say(message_id, "two")
            worker.end(message_id, "finalize")
            assert document.agents.running() == ()
            assert document.message(message_id).content == "onetwo"
            assert document.state(turn.thread_id).state == "complete"


def test_only_the_turns_of_the_killed_process_are_recovered(path: Path) -> None:
    """Two processes run turns on two threads; one is killed."""
    first, second = threads(path)
    with Worker(path) as dies, Worker(path) as lives:
        lost, kept = dies.start(first, "lost"), lives.start(second, "kept")
        dies.kill()
        with open_document(path) as document:
            assert [one.message_id for one in document.agents.running()] == [kept]
            assert document.message(lost).acp_interrupted_reason == "server_restart"
            lives.say(kept, "on")
            lives.end(kept, "finalize")
            assert document.message(kept).content == "kepton"


def test_document_that_is_open_recovers_when_it_is_told(path: Path) -> None:
    """A backend that lost a worker need not open its document again."""
    with open_document(path) as document:
        message_id = killed(path, "one")
        assert [one.standing for one in document.agents.running()] == ["dead"]
        assert [one.message_id for one in document.agents.recover_turns()] == [message_id]
        require_interrupted(document, message_id, "one", "worker_stopped")
        assert document.agents.recover_turns() == ()


def test_number_that_another_process_got_is_not_taken_for_alive(path: Path) -> None:
    """The lease names a process that runs, this one, but with another start."""
    with open_document(path) as document:
        own = document.agents.ownership
        message_id = document.start_turn(threads(path)[0], sender_id="codex").message_id
        lease = own.lease(message_id)
        assert lease is not None
        process = f'{{"started":"1","machine":"{lease.process.machine}","boot":"{lease.process.boot}",' + (
            f'"space":"{lease.process.space}","pid":{lease.process.pid}}}'
        )
        edit_lease(path, f"process = '{process}', owner = 'gone'")
        with open_document(path) as again:
            require_interrupted(again, message_id, "", "server_restart")


ELSEWHERE = "process = json_set(process, '$.boot', 'other', '$.machine', 'other')"


def test_turn_of_another_machine_is_left_alone_and_shown_stale(path: Path) -> None:
    """Whether it lives cannot be seen from here; a person may say that it is over."""
    message_id = killed(path, "one")
    edit_lease(path, ELSEWHERE)
    clock = ManualClock(10**13)
    with open_document(path, clock=clock) as document:
        (turn,) = document.agents.running()
        assert (turn.standing, turn.stale) == ("unknown", True)
        assert document.agents.recover_turns() == ()
        assert document.message(message_id).generating
        document.agents.recover(turn.thread_id, turn.message_id, reason="backend_error")
        require_interrupted(document, message_id, "one", "backend_error")


def test_turn_of_another_machine_is_recovered_after_the_silence_one_allows(path: Path) -> None:
    """A container that replaced another one knows that the other is gone, once it has been silent for long."""
    message_id = killed(path, "one")
    edit_lease(path, f"{ELSEWHERE}, heartbeat_at_ms = {10**12}")
    clock = ManualClock(10**12 + 59_999)
    with open_document(path, clock=clock) as document:
        assert document.agents.recover_turns(silent_ms=60_000) == ()
        clock.advance(1)
        assert [one.message_id for one in document.agents.recover_turns(silent_ms=60_000)] == [message_id]
        require_interrupted(document, message_id, "one", "worker_stopped")


def test_turn_of_a_peer_is_left_alone_and_shown_stale(path: Path, tmp_path: Path) -> None:
    """Two stores, one document: the turn's lease lies in the other one."""
    (tmp_path / "peer").mkdir()
    copy = tmp_path / "peer" / "team.chat"
    copy.write_bytes(path.read_bytes())
    (tmp_path / "peer" / ".chatdoc").mkdir()
    clock = ManualClock(1_900_000_000_000)
    with open_document(copy, clock=clock) as peer, open_document(path, clock=clock) as document:
        turn = peer.start_turn(threads(path)[0], sender_id="codex")
        turn.append("from afar")
        turn.flush()
        document.receive(peer.diff(document.state_vector()))
        document.close()
        clock.advance(STALE_MS)
        with open_document(path, clock=clock) as again:
            (seen,) = again.agents.running()
            assert (seen.message_id, seen.owner, seen.standing, seen.stale) == (
                turn.message_id,
                None,
                "unknown",
                True,
            )
            assert again.message(turn.message_id).generating
            turn.finalize()
            again.receive(peer.diff(again.state_vector()))
            assert again.agents.running() == ()
            assert again.message(turn.message_id).content == "from afar"


def test_reading_recovers_nothing(path: Path) -> None:
    """Who may only look sees the turn as it was left, and leaves no trace."""
    message_id = killed(path, "one")
    kept = {one: one.read_bytes() for one in path.parent.rglob("*") if one.is_file()}
    message = read_document(path).message(message_id)
    assert (message.generating, message.content) == (True, "one")
    after = {one: one.read_bytes() for one in path.parent.rglob("*") if one.is_file()}
    assert {one: after.get(one) for one in kept if "-shm" not in one.name} == {
        one: found for one, found in kept.items() if "-shm" not in one.name
    }


def test_closing_ends_the_turns_that_run(path: Path) -> None:
    """Nobody could go on with them."""
    with open_document(path) as document:
        turn = document.start_turn(threads(path)[0], sender_id="codex")
        turn.append("one")
        turn.flush()
    with open_document(path) as again:
        require_interrupted(again, turn.message_id, "one", "worker_stopped")


def test_turn_of_a_failed_opening_is_recovered_in_the_same_process(path: Path) -> None:
    """One opening was ended for good, the process lives: the next opening ends what the first one ran."""
    document = open_document(path)
    turn = document.start_turn(threads(path)[0], sender_id="codex")
    turn.append("one")
    turn.flush()
    document.engine.freeze(DocumentFailed("the document was retired"))
    with pytest.raises(DocumentFailed):
        document.send(turn.thread_id, sender_id="ada", content="hi")
    with open_document(path) as again:
        require_interrupted(again, turn.message_id, "one", "backend_error")
    document.close()


def test_openings_at_once_recover_once(path: Path) -> None:
    """Several processes open the file in the same moment; the turn gets one revision and one mark of each kind."""
    for _ in range(3):
        message_id = killed(path, "one", "two")
        with (
            Forked(path, source=OPEN) as one,
            Forked(path, source=OPEN) as two,
            Forked(path, source=OPEN) as three,
        ):
            for child in (one, two, three):
                child.let_go()
            assert [child.wait() for child in (one, two, three)] == [0] * 3
        with open_document(path) as document:
            require_interrupted(document, message_id, "onetwo", "server_restart")
            view = document.view
            assert len(view.revisions[message_id]) == 1
            fields = ("generating", "acp_interrupted", "acp_interrupted_reason", "acp_interrupted_text")
            marks = {field: len(facts) for field, facts in view.marks[message_id].items()}
            assert marks == dict.fromkeys(fields, 1)


def test_what_waits_is_still_waiting(path: Path) -> None:
    """A message that was queued behind the killed turn can be answered after the recovery."""
    with Worker(path) as worker:
        worker.start(threads(path)[0], "one")
        with open_document(path) as document:
            waiting = document.agents.queue_turn(
                threads(path)[0], sender_id="ada", content="and then?"
            ).message_id
        worker.kill()
    with open_document(path) as document:
        assert [one.message_id for one in document.agents.queue(threads(path)[0])] == [waiting]
        turn = document.agents.start_next(threads(path)[0], sender_id="codex")
        assert turn is not None
        assert turn.finalize("then this").reply_to_message_id == waiting


def test_own_turn_may_be_recovered_by_hand(path: Path) -> None:
    """A backend knows best that its agent is gone."""
    with open_document(path) as document:
        turn = document.start_turn(threads(path)[0], sender_id="codex")
        document.agents.recover(turn.thread_id, turn.message_id, reason="backend_error")
        require_interrupted(document, turn.message_id, "", "backend_error")
