"""Every scenario that is listed names a test that exists."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.scenarios.catalogue import CATALOGUE
from tests.scenarios.catalogue_of_turns import LIFE_CYCLE

ALL = {**CATALOGUE, "life cycle": LIFE_CYCLE}
HERE = Path(__file__).parent
LISTED = [(group, name) for group, scenarios in ALL.items() for name in scenarios]


@pytest.mark.parametrize(("group", "name"), LISTED)
def test_scenario_has_its_test(group: str, name: str) -> None:
    """The file is there, and has a test of this name that says what it claims."""
    place, test = ALL[group][name]
    source = (HERE / place) if "/" not in place else (HERE.parent / place)
    functions = {
        one.name: one for one in ast.parse(source.read_text("utf-8")).body if isinstance(one, ast.FunctionDef)
    }
    assert test in functions, f"{name!r} ({group}) names {test}, which is not in {source}"
    assert ast.get_docstring(functions[test])
