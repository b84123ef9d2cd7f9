"""A store that others write to and close while it is opened is whole."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from chatdoc.store.sql.update_log import SqlUpdateLog
from chatdoc.store.sqlite.database import Database
from chatdoc.testing.acceptance.samples import run_update, written
from tests.store.test_acceptance import create_file, open_file_again


def test_what_is_committed_between_two_questions_is_no_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is asked first of how far the log has come, others may be further when the next thing is asked.

    Beside a rollback journal that is long: who reads waits for all who write.
    """
    rows, is_asking = Database.rows, False
    with closing(create_file(tmp_path)) as writer:

        def interrupted(self: Database, question: str, values: Sequence[Any], doing: str) -> Any:
            nonlocal is_asking
            found = rows(self, question, values, doing)
            if not is_asking:
                is_asking = True
                run_update(writer, "meanwhile")
                assert isinstance(writer.updates, SqlUpdateLog)
                writer.updates.raise_floor()
                is_asking = False
            return found

        monkeypatch.setattr(Database, "rows", interrupted)
        with closing(open_file_again(tmp_path)) as store:
            monkeypatch.undo()
            assert written(store) == written(writer)
            assert len(written(store)) > 1
