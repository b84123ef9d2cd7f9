"""Change feed: a commit of another server is seen when its hint arrives, or a second later, one of this at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

from chatdoc.store.commit_bell import CommitBell
from chatdoc.store.postgres.database import PostgresDatabase
from chatdoc.store.sql.database import Questions
from chatdoc.store.sql.move import retired


class PostgresFeed:
    """Says that there may be more; see the port."""

    def __init__(self, database: PostgresDatabase, document_id: str) -> None:
        self._database, self._document_id = database, document_id
        self._version = database.version()
        self.bell = CommitBell()
        self._of_thread = threading.local()
        """How many commits each thread had heard of when its last wait ended."""
        self._listens = self._is_news = False
        self._known_before = 0
        """What was known when the version began to be read that is heard of next."""
        self.ahead: Callable[[], Questions] = tuple
        """What will be asked where there is more."""
        self._heard: list[Callable[[bytes], None]] = []
        self._wakes: list[Callable[[], None]] = []

    def changed(self) -> bool:
        """See the port."""
        self._database.require_open()
        is_news, self._is_news = self._is_news, False
        is_ahead = is_news and not self._database.is_inside()
        version = self._database.look(self.ahead()) if is_ahead else self._database.version()
        if version == self._version:
            self._database.looked.forget()  # Nobody asks for it now, and later it would be of before.
            return False
        self._version = version
        if self._database.is_retired:
            raise self._database.ask(
                lambda execute: retired(execute, self._document_id, self._database.name), "find where it went"
            )
        return True

    def wait(self, timeout_s: float) -> bool:
        """See the port."""
        seen: int = getattr(self._of_thread, "seen", 0)
        self._listen()
        if self.bell.commits == seen and not self._database.is_closed:
            self.bell.wait(seen, timeout_s)
        if self._database.is_closed:
            return False
        now = self._of_thread.seen = self.bell.commits
        return now != seen

    def call(self, wake: Callable[[], None]) -> None:
        """Call `wake` whenever another server has written, from the thread of the hints, which it must not hold up."""
        self._wakes.append(wake)
        self._listen()

    def _listen(self) -> None:
        """Listen before the log is read, so that nothing is missed in between."""
        if not self._listens:
            self._database.pool.hints.listen(self._database.document, self)
            self._listens = True

    def say(self, message: bytes) -> None:
        """See `TalkingFeed`."""
        self._database.pool.hints.say(self._database.document, message, self)

    def listen_to(self, heard: Callable[[bytes], None]) -> None:
        """See `TalkingFeed`."""
        self._heard.append(heard)
        self._listen()

    def server(self) -> str:
        """See `SharedFeed`."""
        assert self._database.place is not None, "a document that is served is written to"
        return self._database.place.server

    def live_servers(self) -> frozenset[str]:
        """See `SharedFeed`."""
        return self._database.pool.hints.live

    def commits_of_others(self) -> int:
        """See `SharedFeed`."""
        return self._database.known_version - self._database.own_versions

    def hear_message(self, message: bytes) -> None:
        """What another server says."""
        for heard in self._heard:
            heard(message)

    def begin_reading(self) -> None:
        """What is read from now on is older than this only in a database that was put back."""
        self._known_before = self._database.known_version

    def hear(self, version: int, *, is_read: bool = False, is_anew: bool = False) -> None:
        """A hint that the document has come to a version; one that this store made, or knows of, is no news.

        One that was read is news too where it is before what was known then, for a database may be put back; and it may
        have come to the same version again, so whatever is read over a new connection (`is_anew`) is.
        """
        database = self._database
        is_news = version > database.known_version and version != database.coming_version
        if (is_news or is_anew or (is_read and version < self._known_before)) and not database.is_closed:
            if is_news:
                database.known_version = version
            self._is_news = True
            self.bell.committed()
            for wake in self._wakes:
                wake()
