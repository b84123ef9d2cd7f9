"""A server that is not heard of is shut out before its turns are ended, and writes nothing more when it goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from chatdoc import Document, open_store
from chatdoc.model.errors import DocumentFailed
from chatdoc.store.postgres import servers
from tests.postgres_cluster import Cluster

WORKER = """
import sys
from chatdoc import open_document
from chatdoc.model.errors import ChatdocError
doc = open_document(sys.argv[1])
turn = doc.start_turn(sys.argv[2], sender_id="codex")
turn.append("before")
turn.flush()
print(turn.message_id, flush=True)
for order in sys.stdin:
    try:
        if order.strip() == "send":
            doc.send(sys.argv[2], sender_id="bob", content="from the dead")
        else:
            turn.append("after")
            turn.flush()
    except ChatdocError as error:
        print(type(error).__name__, flush=True)
    else:
        print("done", flush=True)
"""


class Worker:
    """Another server, with a turn of its own that has said "before"; it ends with the `with`."""

    def __init__(self, url: str, thread: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER, f"{url}#team.chat", thread],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self.message_id = self._heard()

    def says(self, order: str) -> str:
        """What comes of an order."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()
        return self._heard()

    def _heard(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        with self._process:
            pass


def recovered(doc: Document, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The messages of the turns that are ended as those of a dead server, once that was silent for a moment."""
    # Not before: on a busy machine one that runs may be late by so much.
    monkeypatch.setattr(servers, "SILENT_MS", 1500)
    end = time.monotonic() + 60
    while not (ended := doc.agents.recover_turns()) and time.monotonic() < end:
        time.sleep(0.1)
    return [str(one.message_id) for one in ended]


def test_a_stopped_server_that_continues_writes_nothing_more(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its turn is recovered by another one meanwhile; neither that turn nor anything else of it is stored later."""
    url = postgres.create_database("fencing")
    with open_store(url) as store, store.open("team.chat") as doc:
        thread = doc.create_thread(sender_id="ada", content="Hello").thread_id
        with Worker(url, thread) as worker:
            assert doc.agents.recover_turns() == ()
            (running,) = doc.agents.running()
            assert (running.standing, running.pid) == ("alive", worker.pid)
            os.kill(worker.pid, signal.SIGSTOP)
            assert recovered(doc, monkeypatch) == [worker.message_id]
            os.kill(worker.pid, signal.SIGCONT)
            for order in ("append", "send"):
                assert worker.says(order) in ("DocumentFailed", "TurnOver")
        assert doc.message(worker.message_id).content == "before"
        assert [one.content for one in doc.messages(thread)] == ["Hello", "before"]
        assert doc.check(full=True).ok
        assert store.verify("team.chat") == []


def test_nobody_is_shut_out_for_having_had_no_database(postgres: Cluster) -> None:
    """After an outage all were silent for long; the first one back leaves the others time to say that they live."""
    url = postgres.create_database("outage")
    with open_store(url) as store, store.open("team.chat") as doc:
        thread = doc.create_thread(sender_id="ada", content="Hello").thread_id
        with Worker(url, thread) as worker:
            os.kill(worker.pid, signal.SIGSTOP)  # It is slow to come back.
            postgres.stop("fast")
            postgres.start()
            postgres.say(
                "UPDATE servers SET heartbeat_at = heartbeat_at - interval '1 minute'", database="outage"
            )
            assert doc.agents.recover_turns() == ()
            os.kill(worker.pid, signal.SIGCONT)
            assert worker.says("append") == "done"
        assert doc.message(worker.message_id).content == "beforeafter"


def test_a_server_that_was_shut_out_goes_on_with_documents_it_opens_again(postgres: Cluster) -> None:
    """What it has open fails for good; what it opens later has a place of its own."""
    url = postgres.create_database("shut_out")
    with open_store(url) as store:
        with store.open("team.chat") as doc:
            thread = doc.create_thread(sender_id="ada", content="Hello").thread_id
            postgres.say("UPDATE servers SET epoch = epoch + 1", database="shut_out")
            for _ in range(2):
                with pytest.raises(DocumentFailed, match="not heard of for so long"):
                    doc.send(thread, sender_id="ada", content="late")
        with store.open("team.chat") as again:
            again.send(thread, sender_id="ada", content="Hi")
            assert [one.content for one in again.messages(thread)] == ["Hello", "Hi"]
    assert postgres.say("SELECT count(*) FROM servers WHERE epoch = 1", database="shut_out") == "0"


SET_CLOCK = """
CREATE TABLE public.clock (ahead interval NOT NULL);
INSERT INTO public.clock VALUES ('0');
GRANT SELECT ON public.clock TO PUBLIC;
CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM public.clock';
"""
"""A clock of a database's own, which can be set."""


@pytest.mark.parametrize("jump", ["1 hour", "-1 hour"])
def test_nobody_is_shut_out_for_a_clock_that_was_set(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch, jump: str
) -> None:
    """All seem silent until their next beat; whoever really is, is found a while later, by the new clock as well."""
    name = f"clock_{jump.split()[0].replace('-', 'back')}"
    url = postgres.create_database(name)
    postgres.say(SET_CLOCK, database=name)
    postgres.say(f"ALTER DATABASE {name} SET search_path = public, pg_catalog")
    with open_store(url) as store, store.open("team.chat") as doc:
        thread = doc.create_thread(sender_id="ada", content="Hello").thread_id
        with Worker(url, thread) as worker:
            os.kill(worker.pid, signal.SIGSTOP)  # Between two beats.
            postgres.say(f"UPDATE public.clock SET ahead = '{jump}'", database=name)
            for _ in range(5):
                assert doc.agents.recover_turns() == ()
                time.sleep(0.5)
            os.kill(worker.pid, signal.SIGCONT)
            assert worker.says("append") == "done"
            os.kill(worker.pid, signal.SIGSTOP)
            assert recovered(doc, monkeypatch) == [worker.message_id]


def test_a_server_that_died_before_the_clock_was_put_back_is_found(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last heartbeat is yet to come by the new clock; it need not come first."""
    monkeypatch.setattr(servers, "SILENT_MS", 1500)
    url = postgres.create_database("died_before")
    with open_store(url) as store, store.open("team.chat") as doc:
        thread = doc.create_thread(sender_id="ada", content="Hello").thread_id
        with Worker(url, thread) as worker:
            os.kill(worker.pid, signal.SIGSTOP)
            postgres.say(
                "UPDATE servers SET heartbeat_at = heartbeat_at + interval '1 hour'"
                f" WHERE process LIKE '%{worker.pid}%'",
                database="died_before",
            )
            end = time.monotonic() + 30
            while not (recovered := doc.agents.recover_turns()) and time.monotonic() < end:
                time.sleep(0.1)
            assert [one.message_id for one in recovered] == [worker.message_id]
