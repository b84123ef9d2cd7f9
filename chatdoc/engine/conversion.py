"""Admission of migrations: a file is converted only where whoever opens it allows that, and is read as it is elsewhere.

Two things hold a conversion back: the rollout switch of an installation, which keeps every old file as it is, and that
jupyterlab-chat could not read its own file any more, which has to be asked for by name.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

from chatdoc.model.errors import MigrationFailed, NotMigrated
from invariants.rule import Violation

_OWN = ("v2", "empty")
_JUPYTER = "jupyter"


class Conversion(msgspec.Struct, frozen=True, kw_only=True):
    """What may be converted: old files at all, and those that jupyterlab-chat goes on reading."""

    old_files: bool = True
    jupyter: bool = False

    def refusal(self, path: str | os.PathLike[str], file_format: str) -> NotMigrated | None:
        """Why a file of a format, as its migration report names it, is not converted; None where it may be."""
        if file_format in _OWN:
            return None
        where = f"{os.fspath(path)} is a file of {file_format}"
        if not self.old_files:
            return NotMigrated(
                f"{where}, and CHATDOC_SCHEMA_V2=0 says that such files stay, so it is open to be read only",
                hint="Unset CHATDOC_SCHEMA_V2 to migrate it; its bytes are kept as a backup",
            )
        if file_format == _JUPYTER and not self.jupyter:
            return NotMigrated(
                f"{where}, which jupyterlab-chat cannot read once it is converted, so it is open to be read only",
                hint="Convert it with open_document(..., convert=True) or `chatdoc migrate --convert`; "
                "`chatdoc rollback` gives the old bytes back",
            )
        return None


def unverified(path: str | os.PathLike[str], broken: Sequence[Violation]) -> MigrationFailed:
    """The error for a migration whose result would break rules."""
    found = "; ".join(f"{one.code} {one.subject}: {one.detail}" for one in broken[:3])
    where = f"{os.fspath(path)} would break rules in {len(broken)} places ({found})"
    return MigrationFailed(
        f"the migration of {where}, so it was not done",
        hint="The file is untouched and can be read; please report this with the shape of the file",
    )
