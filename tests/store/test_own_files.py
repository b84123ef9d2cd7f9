"""What others may have put under a store's names is not followed, not trusted and not waited for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from chatdoc.model.errors import ReadOnlyTarget, StoreError
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.sqlite_errors import named
from tests.store.documents import DOCUMENT_ID, create


@pytest.mark.parametrize("what", [".chatdoc", ".chatdoc/paths", f".chatdoc/{DOCUMENT_ID}.sqlite3"])
@pytest.mark.parametrize("how", ["link", "group", "world", "owner"])
def test_what_is_not_ours_alone_is_refused(stores: SqliteFolder, folder: Path, what: str, how: str) -> None:
    """A link, another owner, or permission to write for group or world: no look, no opening, no new store."""
    create(stores, touch=True).close()
    path = folder / what
    mode = stat.S_IMODE(path.stat().st_mode)
    if how == "link":
        path.rename(folder / "elsewhere")
        path.symlink_to(folder / "elsewhere")
    elif how == "owner":
        if os.geteuid() != 0:
            pytest.skip("only root can give a file away")
        os.chown(path, 12345, -1)
    else:
        path.chmod(mode | (0o020 if how == "group" else 0o002))
    expected = {"link": "symbolic link", "owner": "belongs to user 12345"}.get(
        how, "may be written by others"
    )
    for attempt in (
        lambda: stores.find(folder / "team.chat", [DOCUMENT_ID]),
        lambda: create(stores),
    ):
        with pytest.raises(StoreError, match=expected):
            attempt()


@pytest.mark.parametrize("kind", ["fifo", "folder"])
def test_store_that_is_no_file_is_refused_at_once(stores: SqliteFolder, kind: str) -> None:
    """Nothing waits for the other end of a pipe."""
    create(stores).close()
    place = stores.places()[0]
    place.unlink()
    os.mkfifo(place, 0o600) if kind == "fifo" else place.mkdir(0o700)
    for attempt in (stores.open, stores.look):
        with pytest.raises(StoreError, match="expected a plain file"):
            attempt(place)


@pytest.mark.parametrize(
    ("what", "hint"), [("be read", "Allow reading {place}"), ("be made", "Allow writing to {place.parent}")]
)
def test_what_may_not_be_read_is_what_is_to_be_allowed(tmp_path: Path, what: str, hint: str) -> None:
    """Who could not read the folder of stores was told to allow writing to the folder above it."""
    place = tmp_path / ".chatdoc"
    with pytest.raises(ReadOnlyTarget) as caught, named(place, what):
        raise PermissionError(13, "Permission denied", str(place))
    assert caught.value.hint == hint.format(place=place)
