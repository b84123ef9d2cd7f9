"""A URL that is misread, or whose hosts refuse, is told of in words that help, and never with its password."""

from __future__ import annotations

import traceback

import psycopg
import pytest

from chatdoc import open_store
from chatdoc.model.errors import StoreError
from chatdoc.store.postgres.postgres_errors import failure
from tests.postgres_cluster import Cluster


@pytest.mark.parametrize(
    "password",
    ["pass#word", "pass@word", "pass/word", "12/word", "pass%word", "pa@12@word", "pass?@word", "12?@/word"],
)
def test_a_password_with_signs_of_a_url_is_not_told(password: str) -> None:
    """What is behind such a sign would be read as a host, a port or a database, and stand in the error."""
    with (
        pytest.raises(StoreError, match="percent") as caught,
        open_store(f"postgresql://ada:{password}@db/chats"),
    ):
        pass
    told = "".join(traceback.format_exception(caught.value))
    assert "word" not in told.replace("password", "")
    assert not any(sign + begin in str(caught.value) for sign in ":/" for begin in ("pass", "12"))


@pytest.mark.parametrize("url", ["postgresql://a%40b:c%2Fd@", "postgresql://ada@"])
def test_a_url_that_spells_its_signs_is_taken(postgres: Cluster, url: str) -> None:
    """Also one whose socket lies in a folder with such a sign, which is no host."""
    with (
        pytest.raises(StoreError, match="could not be reached"),
        open_store(f"{url}/a%40b?host=/nowhere/a@b"),
    ):
        pass


@pytest.mark.parametrize("hosts", ["{there}", "/nowhere,{there}", "{there},/nowhere"])
def test_who_finds_no_host_that_takes_writes_is_told_of_each(postgres: Cluster, hosts: str) -> None:
    """In the middle of a failover one host is gone and the other one is not promoted yet."""
    postgres.say("DROP DATABASE IF EXISTS demoted")
    postgres.create_database("demoted")
    postgres.say("ALTER DATABASE demoted SET default_transaction_read_only = on")
    named = hosts.format(there=postgres.folder)
    with (
        pytest.raises(StoreError, match=r"session is read-only.*promote a standby") as caught,
        open_store(f"postgresql://chatdoc@/demoted?host={named}&target_session_attrs=read-write"),
    ):
        pass
    assert ("/nowhere/.s.PGSQL" in str(caught.value)) == ("nowhere" in hosts)


def test_a_password_that_is_missing_is_asked_for() -> None:
    """The client says so itself, in words alone; the hint was to look whether the database runs."""
    said = (
        'connection failed: connection to server at "db", port 5432 failed: fe_sendauth: no password supplied'
    )
    assert "PGPASSWORD" in str(failure(psycopg.OperationalError(said), "postgresql://db/chats", "be reached"))


@pytest.mark.parametrize("state", ["26000", "42P05", "42704"])
def test_a_pooler_of_transactions_is_named(state: str) -> None:
    """What was prepared is not there, or is another one's, and nobody said whose rows the session sees."""
    error = psycopg.errors.lookup(state)("s0")
    assert "pool_mode = session" in str(failure(error, "postgresql://db/chats", "look up its documents"))
