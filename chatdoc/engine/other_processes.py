"""Change feed of an open document: while somebody subscribes, what other processes write is taken without a call.

The thread that waits for a store's feed is shared with those who follow its event log, is there only while it is
needed, and holds neither the document nor the end of the program up.
"""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Callable

from chatdoc.engine.engine import Engine
from chatdoc.model.errors import ChatdocError
from chatdoc.store.event_feed import Watcher

FORK_WAIT_S = 1.0
"""So long a fork waits for a document that is catching up, so that the child does not have its lock taken for ever."""
_log = logging.getLogger("chatdoc")
_watched: weakref.WeakKeyDictionary[Engine, None] = weakref.WeakKeyDictionary()
_held: list[Engine] = []

End = Callable[[], None]
"""Ends a subscription."""


def watch(engine: Engine, watcher: Watcher, end: End) -> End:
    """Catch up whenever another process may have written, until this is ended or nobody has the document any more.

    Returns what ends this, and the subscription that it is for.
    """
    if engine.is_left_behind:  # The watcher's lock may have been taken when the process forked, and stays so.
        return end
    _watched[engine] = None
    seen = weakref.ref(engine)

    def catch_up() -> None:
        present = seen()
        if present is None:
            remove()
            return
        try:
            present.catch_up()
        except ChatdocError as error:  # Whoever uses the document next is told.
            _log.debug("what another process wrote could not be taken: %s", error)

    remove = watcher.add(catch_up)

    def both() -> None:
        end()
        if not engine.is_left_behind:
            remove()

    return both


def _before_fork() -> None:
    # A list, made at once: other threads subscribe meanwhile.
    engines = [engine for seen in _watched.keyrefs() if (engine := seen()) is not None]
    _held.extend(engine for engine in engines if engine.hold(FORK_WAIT_S))


def _after_fork() -> None:
    while _held:
        _held.pop().let_go()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
