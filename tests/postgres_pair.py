"""Primary and synchronous standby: what was committed is on both, so either may die."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from tests.postgres_cluster import Cluster

_PRIMARY = "-c wal_level=replica -c hot_standby=on -c max_wal_senders=8 -c synchronous_commit=on"


class Pair:
    """Two servers of one database; the standby is made anew after each promotion."""

    def __init__(self) -> None:
        self.primary = Cluster(settings=_PRIMARY)
        # Before the copy, which takes the setting along: else COMMITs would wait for nobody after a promotion.
        self.primary.say("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
        self.standby = Cluster(settings=_PRIMARY, source=self.primary)
        self.folders = [self.primary.folder, self.standby.folder]

    def create_database(self, name: str) -> str:
        """A new database; its URL names both servers and finds the primary."""
        self.primary.create_database(name)
        hosts = ",".join(str(folder) for folder in self.folders)
        return f"postgresql://chatdoc@/{name}?host={hosts}&target_session_attrs=read-write"

    def fail_over(self) -> None:
        """Kill the primary, promote the standby, and make what was the primary the next standby."""
        dead, alive = self.primary, self.standby
        self._wait_until_synchronous()
        dead.kill()
        alive.promote()
        self.primary, self.standby = alive, dead
        self.primary.wait_until_primary()
        dead.copy_from(alive)
        dead.start_again()

    def _wait_until_synchronous(self) -> None:
        """Wait until the standby has what the primary has: before that nobody would promote it."""
        for _ in range(400):
            if self.say("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1":
                return
            time.sleep(0.05)
        raise AssertionError("the standby does not follow the primary")

    def kill(self) -> None:
        """Kill the primary."""
        self.primary.kill()

    def start_again(self) -> None:
        """Start the primary that was killed."""
        self.primary.start_again()

    def say(self, *statements: str, database: str = "postgres") -> str:
        """Run statements on the primary."""
        return self.primary.say(*statements, database=database)

    def remove(self) -> None:
        """Stop both and remove their data."""
        self.standby.remove()
        self.primary.remove()


@contextlib.contextmanager
def pair() -> Iterator[Pair]:
    """A pair for a while; what is committed is forced to both disks."""
    made = Pair()
    try:
        yield made
    finally:
        made.remove()
