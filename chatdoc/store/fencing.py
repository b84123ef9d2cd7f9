"""Fencing as users of any store ask for it: a store of one machine knows of no process."""

from __future__ import annotations

from chatdoc.store.part_ports import Fencing
from chatdoc.store.ports import DocumentStore
from chatdoc.store.process_identity import Process, Standing


def standing_in(store: DocumentStore, process: Process) -> Standing:
    """Whether the store hears of a process; `dead` only once nothing more that it writes can be stored."""
    return store.standing(process) if isinstance(store, Fencing) else "unknown"
