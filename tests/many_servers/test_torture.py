"""A short torture: nothing acknowledged is lost or doubled, whatever dies."""

from __future__ import annotations

import pytest

from tests.many_servers.torture import Torture
from tests.postgres_cluster import programs


@pytest.mark.slow
@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed: apt-get install postgresql")
def test_whatever_dies_nothing_acknowledged_is_lost() -> None:
    """Each fault once: servers killed and stopped, the database killed, connections and the network cut, hints lost.

    More of them: `python -m tests.many_servers.torture --faults 1000`.
    """
    with Torture(servers=2, clients=4, documents=3, seed=5) as torture:
        outcome = torture.run(7)
    assert outcome.problems == []
    assert outcome.acknowledged > 20
    assert len(outcome.faults) == 7
