"""A COMMIT whose answer was lost is unknown: it is never told as done or failed, and the same command id finds out."""

from __future__ import annotations

import os
import socket

import psycopg
import pytest

from chatdoc import open_store
from chatdoc.model.errors import CommitUnknown
from chatdoc.store.postgres.session import Session
from tests.postgres_cluster import Cluster

SLOW = """SET client_min_messages = error;
CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(0.7); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON document_order
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow();
"""


@pytest.mark.parametrize("was_sent", [True, False])
def test_a_commit_without_an_answer_is_unknown_until_the_command_is_repeated(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch, was_sent: bool
) -> None:
    """The connection breaks before or behind the COMMIT, which takes its time; the next look waits for its end."""
    url = postgres.create_database(f"unknown_{was_sent}".lower())
    wait = Session.wait

    def cut_at_commit(self: Session) -> None:
        if not self.may_have_committed:
            wait(self)
            return
        if was_sent:
            self._pg.pipeline_sync()
            self._pg.flush()
        with socket.socket(fileno=os.dup(self._pg.socket)) as line:
            line.shutdown(socket.SHUT_RDWR)
        self._pg.finish()
        raise psycopg.OperationalError("the connection is cut")

    with open_store(url) as store, store.open("team.chat") as doc, store.open("team.chat") as other:
        thread = doc.create_thread(sender_id="ada", content="Hello").thread_id
        doc.send(thread, sender_id="ada", content="before")
        postgres.say(SLOW, database=f"unknown_{was_sent}".lower())
        monkeypatch.setattr(Session, "wait", cut_at_commit)
        with pytest.raises(CommitUnknown, match="answer to its COMMIT was lost") as found:
            doc.send(thread, sender_id="ada", content="Hi", command_id="one")
        assert "same id" in found.value.hint
        monkeypatch.undo()
        assert (doc.engine.store.receipts.get("one") is not None) == was_sent
        postgres.say("DROP TRIGGER slow ON document_order", database=f"unknown_{was_sent}".lower())
        sent = doc.send(thread, sender_id="ada", content="Hi", command_id="one")
        assert sent == other.send(thread, sender_id="ada", content="Hi", command_id="one")
        for one in (doc, other):
            assert [message.content for message in one.messages(thread)] == ["Hello", "before", "Hi"]
        assert store.verify("team.chat") == []
