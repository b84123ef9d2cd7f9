"""A chat that CoCalc's own upgrade rewrote meets the original, and neither breaks a promise of the other."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatdoc.model.facts import Fact
from invariants.full import check_all
from migrate import migrate, sniff
from tests.examples import examples
from tests.migrate.cocalc.upstream_migrator import upgraded
from tests.migrate.legacy_rows import files
from tests.migrate.test_golden import READ, named, source_of, view_of

ROWS = [one for one in READ if sniff(source_of(one)) == "cocalc"]


def violations(facts: list[Fact]) -> list[tuple[str, str]]:
    """The promises that a document of these facts breaks."""
    found = check_all(view_of(facts)).values()
    return [(one.code, one.detail) for one in found if one.severity == "violation"]


@pytest.mark.parametrize("keep_records", [True, False])
@pytest.mark.parametrize("folder", ROWS, ids=named)
def test_what_both_programs_made_of_one_chat_breaks_nothing(folder: Path, keep_records: bool) -> None:
    """The facts of the original and those of the upgraded file stand side by side, whichever is here first."""
    source = source_of(folder)
    other = upgraded(source, keep_records=keep_records)
    if not other:
        pytest.skip("that program stops at a line of this file, or leaves nothing of it")
    ours, theirs = migrate(source).facts, migrate(other).facts
    assert violations(theirs) == []
    assert violations([*ours, *theirs]) == []
    assert violations([*theirs, *ours]) == []


@settings(max_examples=examples(60), deadline=None)
@given(files(), st.booleans())
def test_random_files_of_both_programs_break_nothing(source: bytes, keep_records: bool) -> None:
    """So do those of any rows."""
    lines = [line for line in source.split(b"\n") if line.strip().startswith(b"{") and line.endswith(b"}")]
    source = b"\n".join(lines)
    other = upgraded(source, keep_records=keep_records)
    if not other or not source:
        return
    assert violations([*migrate(source).facts, *migrate(other).facts]) == []
