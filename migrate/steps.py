"""Every step of an upgrade has an id, the ids of a format have no gap, and a released one never changes.

The ids stand in the documents a migration made, so a step that has to work otherwise gets a new id at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

STEPS: Mapping[str, tuple[str, ...]] = {
    "cocalc": ("cocalc/0001-rows", "cocalc/0002-names", "cocalc/0003-threads", "cocalc/0004-settings"),
    "jupyter": ("jupyter/0001-messages",),
    "v2": ("v2/0001-rows",),
}


def gapless(form: str, steps: Iterable[str]) -> bool:
    """Whether the steps of a format are numbered from 1 without a gap, each as `format/0001-what-it-does`."""
    return all(
        step.startswith(f"{form}/{number:04d}-") and step != f"{form}/{number:04d}-"
        for number, step in enumerate(steps, 1)
    )


for _form, _steps in STEPS.items():
    assert gapless(_form, _steps), (
        f"expected the steps of {_form} to be numbered without a gap, found {_steps}"
    )
