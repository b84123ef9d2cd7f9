"""The house rules hold for every file, and each rule is shown to fail on a file that breaks it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.tidy import floors, prose
from tests.tidy.source import PACKAGES, PROJECT, Source, ignored_names, imports, python_files, text_files

TOP_LEVEL = {
    ".ci", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "pyproject.toml",
    "benchmarks", "chatdoc", "clients", "docs", "golden", "invariants", "migrate", "tests",
}  # fmt: skip
PACKAGE_FILES = python_files(*PACKAGES)
ALL_FILES = [*PACKAGE_FILES, *python_files("tests", "benchmarks", "docs")]

Check = Callable[[Source], Iterator[str]]

PACKAGE_CHECKS: tuple[Check, ...] = (
    floors.floor_problems,
    floors.placement_problems,
    floors.chance_problems,
    floors.purity_problems,
    prose.docstring_problems,
)
EVERYWHERE: tuple[Check, ...] = (prose.length_problems, prose.name_problems, prose.promise_problems)

# Each check with a file that breaks it, and a part of what it must say.
CANARIES: list[tuple[Check, str, str, str]] = [
    (floors.floor_problems, "chatdoc/model/records/x.py", "from chatdoc.store import schema", "only go down"),
    (
        floors.floor_problems,
        "chatdoc/model/records/x.py",
        "if TYPE_CHECKING:\n    import chatdoc.document",
        "only go down",
    ),
    (
        floors.floor_problems,
        "chatdoc/store/x.py",
        "from chatdoc.crdt.keys import encode",
        "only go down",
    ),
    (floors.floor_problems, "chatdoc/store/x.py", "from ..crdt import keys", "only go down"),
    (floors.floor_problems, "chatdoc/document.py", "import pycrdt", "only chatdoc.crdt"),
    (floors.floor_problems, "chatdoc/document.py", "from sqlite3 import connect", "only chatdoc.store"),
    (floors.floor_problems, "chatdoc/open.py", "from rich.table import Table", "only chatdoc.apps.cli"),
    (floors.floor_problems, "chatdoc/store/x.py", "from chatdoc import Message", "has no floor"),
    (floors.floor_problems, "chatdoc/attic.py", "", "has no floor"),
    (
        floors.floor_problems,
        "chatdoc/__init__.py",
        "from chatdoc.document import Document",
        "before it is asked for",
    ),
    (
        floors.floor_problems,
        "invariants/x.py",
        "from migrate.report import MigrationReport",
        "only, not migrate",
    ),
    (
        floors.floor_problems,
        "migrate/x.py",
        "from chatdoc.model.commands import send",
        "only, not chatdoc",
    ),
    (floors.placement_problems, "chatdoc/x.py", "def f():\n    import json", "inside a function"),
    (
        floors.placement_problems,
        "chatdoc/x.py",
        "def f():\n    try:\n        import json\n    except E: 1",
        "inside",
    ),
    (floors.chance_problems, "chatdoc/document.py", "import time", "take a clock"),
    (floors.chance_problems, "chatdoc/document.py", "from random import Random", "random source"),
    (floors.chance_problems, "chatdoc/document.py", "import uuid", "random source"),
    (floors.chance_problems, "chatdoc/document.py", "import secrets", "random source"),
    (floors.chance_problems, "chatdoc/document.py", "import os\nf(random=os.urandom)", "random source"),
    (floors.chance_problems, "chatdoc/model/clock.py", "import random", "random source"),
    (
        floors.chance_problems,
        "migrate/x.py",
        "from datetime import datetime\ndatetime.now(UTC)",
        "machine's clock",
    ),
    (floors.purity_problems, "migrate/x.py", "import os", "pure functions"),
    (floors.purity_problems, "invariants/x.py", "def f(): return open('a')", "pure functions"),
    (prose.docstring_problems, "chatdoc/x.py", "def f(): ...", "no docstring"),
    (prose.docstring_problems, "chatdoc/x.py", "class C:\n    'Holds'", "whole sentence"),
    (prose.length_problems, "tests/x.py", "\n" * 301, "301 lines"),
    (prose.name_problems, "tests/utils/x.py", "", "says nothing"),
    (prose.name_problems, "chatdoc/_helpers.py", "", "says nothing"),
    (prose.promise_problems, "chatdoc/x.py", "import json", "no docstring"),
    (prose.promise_problems, "chatdoc/x.py", '"""Things\nfor chats."""', "no whole sentence"),
]
SPOILED_TEXTS = [
    (prose.unfinished_problems, "# TO" + "DO: later", "finish it"),
    (prose.unfinished_problems, "# FIX" + "ME(ada) later", "finish it"),
    (prose.foreign_problems, "see /wo" + "rk/main", "other machines"),
    (prose.foreign_problems, "see ../sha" + "red/design.md", "other machines"),
    (prose.foreign_problems, "cd /ro" + "ot", "other machines"),
    (prose.foreign_problems, "https://py" + "pi.org/simple", "other machines"),
]


@pytest.mark.parametrize("check", PACKAGE_CHECKS, ids=lambda check: check.__name__)
def test_packages_keep_the_house_rules(check: Check) -> None:
    """Every file of the three packages passes every check of floors, imports, time, purity and docstrings."""
    assert PACKAGE_FILES
    assert not [problem for source in PACKAGE_FILES for problem in check(source)]


@pytest.mark.parametrize("check", EVERYWHERE, ids=lambda check: check.__name__)
def test_every_file_is_short_well_named_and_makes_a_promise(check: Check) -> None:
    """Every Python file, tests too, is at most 300 lines, has a name that says something, and opens with a sentence."""
    assert not [problem for source in ALL_FILES for problem in check(source)]


def test_no_module_imports_itself_through_others() -> None:
    """The imports at run time form no circle."""
    assert not list(floors.cycle_problems(PACKAGE_FILES))


@pytest.mark.parametrize(
    "check", [prose.unfinished_problems, prose.foreign_problems], ids=lambda check: check.__name__
)
def test_texts_name_no_unfinished_work_and_no_other_machine(
    check: Callable[[str, str], Iterator[str]],
) -> None:
    """Source, docs and golden files hold no note of undone work, no path of one machine, no registry's host."""
    assert not [problem for path, text in text_files() for problem in check(path, text)]


def test_top_level_is_the_agreed_one() -> None:
    """Nothing lies at the top level but what is agreed and what git ignores."""
    found = {path.name for path in PROJECT.iterdir()} - ignored_names()
    assert found <= TOP_LEVEL, f"not agreed at the top level: {sorted(found - TOP_LEVEL)}"


def test_front_door_loads_nothing_until_it_is_asked() -> None:
    """`import chatdoc` loads neither pycrdt nor sqlite3 nor any room."""
    program = "import sys, chatdoc; print({'pycrdt', 'sqlite3', 'msgspec', 'chatdoc.model'} & sys.modules.keys() or '')"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(("check", "path", "text", "says"), CANARIES)
def test_each_check_fails_on_a_file_that_breaks_it(check: Check, path: str, text: str, says: str) -> None:
    """A check that cannot fail is no check."""
    assert any(says in problem for problem in check(Source(path, text)))


@pytest.mark.parametrize(("check", "text", "says"), SPOILED_TEXTS)
def test_each_text_check_fails_on_a_spoiled_line(
    check: Callable[[str, str], Iterator[str]], text: str, says: str
) -> None:
    """The checks of plain text see each kind of line they are there for."""
    assert any(says in problem for problem in check("docs/x.md", text))


def test_a_lock_file_is_seen() -> None:
    """A lock file is refused by its name, whatever it holds."""
    assert list(prose.foreign_problems("uv.lock", ""))


def test_a_circle_of_imports_is_seen() -> None:
    """Two modules that import each other are named, once."""
    first = Source("chatdoc/model/records/a.py", "from chatdoc.model.records.b import B")
    second = Source("chatdoc/model/records/b.py", "from chatdoc.model.records import a")
    assert len(list(floors.cycle_problems([first, second]))) == 1


def test_relative_imports_are_resolved() -> None:
    """`from . import x` and `from ..y import z` mean the same as their absolute spelling."""
    source = Source("chatdoc/store/sqlite/update_log.py", "from . import schema\nfrom ..ports import Entry")
    assert [found.name for found in imports(source)] == [
        "chatdoc.store.sqlite.schema",
        "chatdoc.store.ports.Entry",
    ]
