"""A deferred module is loaded when something of it is asked for, and is a value like any other until then."""

from __future__ import annotations

import copy
import pickle
import sys

import pytest

from chatdoc.model.deferred_module import DeferredModule


def test_a_module_is_loaded_with_the_first_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Naming it loads nothing; a module that is not installed is missed at once."""
    deferred = DeferredModule("colorsys")
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    assert "colorsys" not in sys.modules
    assert deferred.rgb_to_hsv(0.0, 0.0, 0.0) == (0.0, 0.0, 0.0)
    assert "colorsys" in sys.modules
    with pytest.raises(ModuleNotFoundError, match="'no_such_module'"):
        DeferredModule("no_such_module")


def test_it_can_be_copied_and_pickled() -> None:
    """Whoever copies an object that refers to it gets it, and no endless question for its name."""
    deferred = DeferredModule("colorsys")
    for other in (copy.copy(deferred), copy.deepcopy(deferred), pickle.loads(pickle.dumps(deferred))):
        assert other.hsv_to_rgb is deferred.hsv_to_rgb
