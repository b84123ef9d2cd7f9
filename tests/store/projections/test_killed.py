"""A process that is killed while it folds leaves the rows it found, or whole pages that are gone on from."""

from __future__ import annotations

import signal
import sqlite3
from functools import cache
from pathlib import Path

import pytest

from chatdoc.store.projections.fold import catch_up
from chatdoc.store.sqlite import schema
from tests import forked
from tests.store.projections.world import World, answer, dump, empty_store, project, thread

EVENTS = 4500

KILLED = """
import os, signal, sqlite3, sys
from chatdoc.store.projections.fold import catch_up_page, drop, rebuild
from tests.store.projections.test_killed import story

events = story().events

def read(after, limit):
    if after >= 4000:
        os.kill(os.getpid(), signal.SIGKILL)
    return events[after : after + limit]

connection = sqlite3.connect(sys.argv[1], isolation_level=None)
if sys.argv[2] == "whole":
    connection.execute("BEGIN IMMEDIATE")
    rebuild(connection.execute, read, executemany=connection.executemany)
else:
    connection.execute("BEGIN IMMEDIATE")
    drop(connection.execute)
    connection.execute("COMMIT")
    while True:
        connection.execute("BEGIN IMMEDIATE")
        catch_up_page(connection.execute, read, executemany=connection.executemany)
        connection.execute("COMMIT")
"""


@cache
def story() -> World:
    """A log of some pages whose one message shows how often each event was folded."""
    world = World()
    world.append(project(), thread(), *(answer("a", f"{number} ") for number in range(EVENTS - 2)))
    return world


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store on disk whose rows are folded to the end of the story."""
    file = tmp_path / "store.sqlite3"
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN")
    schema.begin(connection.execute)
    schema.advance(connection.execute)
    catch_up(connection.execute, story().read, executemany=connection.executemany)
    connection.execute("COMMIT")
    connection.close()
    return file


@pytest.mark.parametrize(("way", "left"), [("whole", EVENTS), ("pages", 4000)])
def test_killed_rebuild_loses_nothing(store: Path, way: str, left: int) -> None:
    """In one transaction the old rows stay; in pages the folded ones stay, and a catch-up does the rest."""
    killed = forked.run(store, way, source=KILLED)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    connection = sqlite3.connect(store, isolation_level=None)
    states = connection.execute("SELECT DISTINCT last_applied_sequence FROM projection_state").fetchall()
    assert states == [(left,)]
    world = story()
    assert catch_up(connection.execute, world.read) == EVENTS
    whole = empty_store()
    catch_up(whole.execute, world.read)
    assert dump(connection) == dump(whole)
    connection.close()
    whole.close()
