"""Fixtures of the rooms above the engine."""

from __future__ import annotations

from hashlib import sha256

import pytest

from tests.postgres_cluster import Cluster


@pytest.fixture
def url(postgres: Cluster, request: pytest.FixtureRequest) -> str:
    """A database of this test's own."""
    return postgres.create_database(f"test_{sha256(request.node.nodeid.encode()).hexdigest()[:16]}")
