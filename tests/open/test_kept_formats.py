"""A file whose migration is switched off, or was not asked for, is read as it is, and nothing is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chatdoc import open_document, read_document
from chatdoc.model.errors import NotMigrated
from chatdoc.open import migrate_file
from chatdoc.settings import SettingInvalid
from tests.open.chats import furnish, jupyter, legacy, texts

JUPYTER = jupyter("aaaaaaaa-0000-4000-8000-000000000001", "one", "two")
LEGACY = legacy("ada", "old chat")


def contents(folder: Path) -> dict[str, bytes | None]:
    """All that is in a folder."""
    return {
        str(one.relative_to(folder)): one.read_bytes() if one.is_file() else None for one in folder.rglob("*")
    }


@pytest.fixture(params=[LEGACY, JUPYTER], ids=["cocalc", "jupyter"])
def old_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An old file of either program."""
    path = tmp_path / "team.chat"
    path.write_bytes(request.param)
    return path


@pytest.fixture
def switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that keeps old files as they are."""
    monkeypatch.setenv("CHATDOC_SCHEMA_V2", "0")


@pytest.mark.usefixtures("switched_off")
@pytest.mark.parametrize("convert", [False, True])
def test_switch_keeps_old_files_as_they_are(old_file: Path, convert: bool) -> None:
    """They are read through the same view, changes say which switch refuses them, and the folder stays as it was."""
    before = contents(old_file.parent)
    for _ in range(2):
        with open_document(old_file, convert=convert) as document:
            assert texts(document) == texts(read_document(old_file)) != []
            assert document.report is not None
            with pytest.raises(NotMigrated, match="CHATDOC_SCHEMA_V2"):
                document.create_thread(sender_id="ada", content="Hello")
            with pytest.raises(NotMigrated):
                document.save()
    for dry_run in (False, True):
        with pytest.raises(NotMigrated, match="CHATDOC_SCHEMA_V2"):
            migrate_file(old_file, dry_run=dry_run, convert=convert)
    assert contents(old_file.parent) == before


@pytest.mark.usefixtures("switched_off")
def test_switch_concerns_old_files_alone(tmp_path: Path) -> None:
    """New documents, version 2 without a store, and what was migrated before are opened for writing."""
    furnish(tmp_path / "new.chat", "Hello")
    (tmp_path / "elsewhere").mkdir()
    copied = tmp_path / "elsewhere" / "mailed.chat"
    copied.write_bytes((tmp_path / "new.chat").read_bytes())
    furnish(copied, "here too")
    assert sorted(texts(read_document(copied))) == ["Hello", "here too"]


def test_what_was_migrated_goes_on_after_the_switch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taking the rollout back loses no document; turning it on again finds the old file as it was."""
    path, later = tmp_path / "team.chat", tmp_path / "later.chat"
    path.write_bytes(LEGACY)
    later.write_bytes(legacy("bob", "another"))
    open_document(path).close()
    monkeypatch.setenv("CHATDOC_SCHEMA_V2", "off")
    furnish(path, "goes on")
    with open_document(later) as document, pytest.raises(NotMigrated):
        document.create_thread(sender_id="ada", content="no")
    monkeypatch.delenv("CHATDOC_SCHEMA_V2")
    furnish(later, "goes on")
    assert "goes on" in texts(read_document(path))
    assert "goes on" in texts(read_document(later))


@pytest.mark.usefixtures("switched_off")
def test_file_that_may_not_be_written_can_be_read(old_file: Path) -> None:
    """Nothing is to be written, so nothing need be writable."""
    os.chmod(old_file, 0o444)
    with open_document(old_file) as document:
        assert texts(document) != []


def test_switch_that_cannot_be_meant_opens_nothing(old_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows whether it was to be migrated."""
    monkeypatch.setenv("CHATDOC_SCHEMA_V2", "perhaps")
    before = contents(old_file.parent)
    with pytest.raises(SettingInvalid, match="CHATDOC_SCHEMA_V2"):
        open_document(old_file)
    assert contents(old_file.parent) == before


def test_chat_of_jupyterlab_is_converted_when_asked_for_alone(tmp_path: Path) -> None:
    """JupyterLab reads its file still; the refusal says how to convert it; once it is converted nobody asks again."""
    path = tmp_path / "team.chat"
    path.write_bytes(JUPYTER)
    with open_document(path) as document:
        assert texts(document) == ["one", "two"]
        with pytest.raises(NotMigrated, match="convert=True"):
            document.create_thread(sender_id="ada", content="Hello")
    with pytest.raises(NotMigrated, match="chatdoc migrate --convert"):
        migrate_file(path)
    assert contents(tmp_path) == {"team.chat": JUPYTER}
    open_document(path, convert=True).close()
    furnish(path, "three")
    assert texts(read_document(path)) == ["one", "two", "three"]
