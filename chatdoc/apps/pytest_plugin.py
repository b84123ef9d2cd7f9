"""A pytest plugin: fixtures give a network, a stored chat and a legacy file, and hold your test to every promise.

pytest loads this file in every project of an environment where chatdoc is installed, so it loads nothing of chatdoc
until a fixture is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest

if TYPE_CHECKING:
    from chatdoc.document import Document
    from chatdoc.testing.network import Network

MARK = (
    "chatdoc(seed=None, replicas=3, clean=True): the seed of the fixtures of chatdoc, how many documents `chat_network`"
    " has, and whether no rule may be broken in the end"
)
_failed = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--chatdoc-seed`."""
    group = parser.getgroup("chatdoc")
    group.addoption("--chatdoc-seed", type=int, help="the seed of chat_network, stored_chat and legacy_chat")


def pytest_configure(config: pytest.Config) -> None:
    """Registers the mark."""
    config.addinivalue_line("markers", MARK)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuses a mark that says nothing here, before any test runs with other values than it was to."""
    for item in items:
        mark = item.get_closest_marker("chatdoc")
        if mark is not None and (mark.args or not all(map(_is_known, mark.kwargs, mark.kwargs.values()))):
            given = ", ".join(
                [*map(repr, mark.args), *(f"{name}={value!r}" for name, value in mark.kwargs.items())]
            )
            raise pytest.UsageError(
                f"{item.nodeid}: expected @pytest.mark.{MARK.partition(':')[0]}, got {given}"
            )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """A failure that had a fixture of ours tells its seed, and need not fail a second time when the fixture ends."""
    report: pytest.TestReport = yield
    if report.failed and not {"chat_network", "stored_chat", "legacy_chat"}.isdisjoint(_fixtures(item)):
        item.stash[_failed] = True
        report.sections.append(("chatdoc", f"repeat with --chatdoc-seed={_seed(item)}"))
    return report


@pytest.fixture
def chat_network(request: pytest.FixtureRequest) -> Iterator[Network]:
    """Documents in memory that have heard a conversation, on a bad network; in the end all of them must agree.

    What any of them shows when the test ends is delivered to all, none of it may be lost, and no rule may be broken.
    """
    network = _load("network").Network(_asked(request, "replicas", 3), seed=_seed(request.node))
    _load("conversation").converse_over(network)
    yield network
    if not _has_failed(request):
        _load("fixture_ends").end_network(network, clean=_asked(request, "clean", True))
    network.close()


@pytest.fixture
def stored_chat(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Document]:
    """An open document in a file that holds a conversation; in the end it is opened again and must say the same."""
    document = _load("fixture_ends").begin_stored(tmp_path / "team.chat", seed=_seed(request.node))
    yield document
    if not _has_failed(request):
        _load("fixture_ends").end_stored(document, clean=_asked(request, "clean", True))


@pytest.fixture
def legacy_chat(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A file of rows as software of 2013 to 2026 wrote them; whatever becomes of it, its bytes must be kept."""
    path = tmp_path / "legacy.chat"
    source = _load("fixture_ends").legacy_source(seed=_seed(request.node))
    path.write_bytes(source)
    yield path
    if not _has_failed(request):
        _load("fixture_ends").end_legacy(path, source)


def _is_known(name: str, value: Any) -> bool:
    if name == "replicas":
        return type(value) is int and value > 0
    return (name == "clean" and type(value) is bool) or (name == "seed" and type(value) in (int, type(None)))


def _load(module: str) -> Any:
    return import_module(f"chatdoc.testing.{module}")


def _fixtures(item: pytest.Item) -> list[str]:
    return list(getattr(item, "fixturenames", ()))


def _has_failed(request: pytest.FixtureRequest) -> bool:
    return bool(request.node.stash.get(_failed, False))


def _asked(request: pytest.FixtureRequest, name: str, default: Any) -> Any:
    mark = request.node.get_closest_marker("chatdoc")
    return default if mark is None else mark.kwargs.get(name, default)


def _seed(item: pytest.Item) -> int:
    """The seed that was asked for, or one that is the same for a test each time."""
    given = item.config.getoption("--chatdoc-seed")
    mark = item.get_closest_marker("chatdoc")
    if given is None and mark is not None:
        given = mark.kwargs.get("seed")
    return crc32(item.nodeid.encode()) if given is None else int(given)
