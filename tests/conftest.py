"""Golden files change by `--bless` only, and the difference is read before it is committed."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from chatdoc.crdt import ydoc
from chatdoc.model.clock import Clock, system_clock
from chatdoc.store.by_url import folder_at
from chatdoc.store.ports import Stores
from tests.examples import examples
from tests.postgres_cluster import Cluster, cluster, programs
from tests.store_file import DATABASES, url_of

Golden = Callable[[Path, bytes], None]

ydoc.COMPARE_EVERY = 1
settings.register_profile(
    "tests",
    max_examples=examples(100),
    # How long an example takes is a matter of who else uses the machine.
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--bless`."""
    parser.addoption("--bless", action="store_true", help="write what came out over the golden files")


def pytest_collection_finish() -> None:
    """Let the collector look seldom, and never through what lives as long as the tests: it took a twentieth of them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """A function that compares bytes with a golden file, or writes the file under `--bless`."""
    bless: bool = request.config.getoption("--bless")

    def compare(path: Path, came: bytes) -> None:
        if bless:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_bytes() != came:
                path.write_bytes(came)
            return
        assert path.exists(), f"no golden file {path}; `make bless` writes it"
        # Lines are compared as text, so that pytest shows the difference.
        assert came.decode("utf-8", "backslashreplace") == path.read_bytes().decode(
            "utf-8", "backslashreplace"
        )

    return compare


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server of this run's own, with an empty database `chats`; skips loudly where none is installed."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed, so nothing is known of it: apt-get install postgresql")
    with cluster() as running:
        running.create_database("chats")
        yield running


@pytest.fixture
def in_postgres(postgres: Cluster) -> Iterator[str]:
    """Documents that are opened by their file live in a database meanwhile; gives its URL."""
    url = postgres.url("chats")

    def stores_of(folder: Path, *, clock: Clock = system_clock, **_: object) -> Stores:
        return folder_at(url_of(folder), folder, clock)

    with pytest.MonkeyPatch.context() as patch:  # Of its own: a test may undo what it patches itself.
        for room in ("chatdoc.open", "chatdoc.workspace"):
            patch.setattr(f"{room}.SqliteFolder", stores_of)
        DATABASES.append(url)
        yield url
        DATABASES.remove(url)


@pytest.fixture
def any_store(request: pytest.FixtureRequest) -> str:
    """The kind of store that documents opened by their file have, `sqlite` or `postgres`; see `EVERY_STORE`."""
    kind: str = request.param
    if kind == "postgres":
        request.getfixturevalue("in_postgres")
    return kind
