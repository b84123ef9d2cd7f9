"""The machine of stored documents finds each planted defect within its quick profile, and names the promise."""

from __future__ import annotations

import pytest
from hypothesis import Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from chatdoc.testing.promises import PromiseBroken
from chatdoc.testing.stored_machine import StoredMachine
from tests.testing.test_stored_canary import PLANTS, Plant


@seed(2)
class SameEachTime(StoredMachine):
    """A canary that draws other examples each time finds nothing now and then."""


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_the_stored_machine_finds_a_planted_defect(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever subclasses it need not raise any number to find what we could plant in the store."""
    plant(monkeypatch)
    without_shrinking = settings(StoredMachine.quick, phases=[Phase.generate], database=None)
    with pytest.raises(PromiseBroken):
        run_state_machine_as_test(SameEachTime, settings=without_shrinking)
