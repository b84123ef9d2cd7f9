"""Standing of two stores of one document: the logs of one are the beginning of those of the other, or they differ.

A log that nobody has used yet counts as what it will begin with, so who has told it by himself has gone no other way.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

from chatdoc.engine.told_log import ToldLog
from chatdoc.store.ports import DocumentStore, EventLog

Standing = Literal["equal", "behind", "ahead", "differs"]
"""How the log of a store stands to that of another one: it lacks the end of it, goes beyond it, or is another's."""


def standing(store: DocumentStore, other: DocumentStore) -> Standing:
    """How a store stands to another one of the same document, by every entry of both logs and every event.

    Events of the project are left out: they say in which folder an opening found the document, each for itself.
    """
    lacks = exceeds = False
    for ours, theirs in (_updates(store, other), _events(store, other)):
        shared = min(len(ours), len(theirs))
        if ours[:shared] != theirs[:shared]:
            return "differs"
        lacks, exceeds = lacks or len(theirs) > shared, exceeds or len(ours) > shared
    if lacks and exceeds:
        return "differs"
    return "behind" if lacks else "ahead" if exceeds else "equal"


def _updates(store: DocumentStore, other: DocumentStore) -> tuple[list[bytes], list[bytes]]:
    return _digests_of(store), _digests_of(other)


def _digests_of(store: DocumentStore) -> list[bytes]:
    return [sha256(b"%b\0%b" % (one.origin.encode(), one.update)).digest() for one in store.updates.entries()]


def _events(store: DocumentStore, other: DocumentStore) -> tuple[list[str], list[str]]:
    """The ids of the events that both logs still have one by one."""
    logs = ToldLog(store, None), ToldLog(other, None)
    try:
        begin = max(one.events.compacted_through() for one in logs)
        ours, theirs = (_ids_of(one.events, begin) for one in logs)
        return ours, theirs
    finally:
        for one in logs:
            one.close()


def _ids_of(log: EventLog, after: int) -> list[str]:
    found: list[str] = []
    while page := log.read(after):
        found += [event.event_id for event in page if event.aggregate_kind != "project"]
        after = page[-1].sequence
    return found
