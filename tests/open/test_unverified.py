"""A migration that would break a rule is shown, and not done."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc.model.errors import MigrationFailed
from chatdoc.model.ids import MessageId
from chatdoc.model.view.view import View
from chatdoc.open import migrate_file, open_document, read_document
from chatdoc.status import status
from invariants.full import check_all
from invariants.rule import Violation

SOURCE = b'{"event":"chat","sender_id":"ada","date":"2020-01-01T00:00:00.000Z","history":[]}'


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A legacy file whose migration breaks a rule that no document keeps."""
    path = tmp_path / "team.sage-chat"
    path.write_bytes(SOURCE)
    found = Violation(code="orphan_message", subject=MessageId("m"), detail="made up")

    def judge(view: View, *rules: object) -> dict[tuple[str, str], Violation]:
        return {**check_all(view), ("orphan_message", "m"): found}

    monkeypatch.setattr("chatdoc.engine.adopt_file.check_all", judge)
    monkeypatch.setattr("chatdoc.engine.reader.check_all", judge)
    monkeypatch.setattr("invariants.checker.check_all", judge)
    return path


def test_it_opens_to_read_only_each_time_and_nothing_is_written(file: Path) -> None:
    """Its threads, report and violations can be read; a change says why it is refused; the store has no document."""
    for _ in range(2):
        with open_document(file) as document:
            assert document.report is not None
            assert len(document.threads()) == 1
            assert [one.code for one in document.check().violations] == ["orphan_message"]
            with pytest.raises(MigrationFailed, match="made up"):
                document.create_thread(sender_id="ada", content="Hello")
            with pytest.raises(MigrationFailed):
                document.save()
    assert file.read_bytes() == SOURCE
    assert status(file.parent) == []


@pytest.mark.parametrize("dry_run", [False, True])
def test_migrating_it_fails(file: Path, dry_run: bool) -> None:
    """`migrate_file` does not call it migrated, in a dry run neither."""
    with pytest.raises(MigrationFailed, match="orphan_message"):
        migrate_file(file, dry_run=dry_run)
    assert file.read_bytes() == SOURCE


def test_it_can_be_read(file: Path) -> None:
    """Reading shows what the migration would give, with its violations."""
    reader = read_document(file)
    assert not reader.check().ok
    assert len(reader.threads()) == 1


def test_it_migrates_once_the_rules_hold(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed try leaves nothing behind that would stand in the way of a later one."""
    with pytest.raises(MigrationFailed):
        migrate_file(file)
    monkeypatch.undo()
    assert migrate_file(file) is not None
    assert migrate_file(file) is None
