"""Reindexing: the logs that the index knows, and those of the tools' folders, are read from their first byte again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chatdoc.apps.importer.outcome import ImportReport
from chatdoc.apps.importer.run import Importer
from chatdoc.model.errors import CommandRefused
from chatdoc.store.chat_folders import is_gone
from migrate.session.item import SOURCES


def require_sources(named: object) -> tuple[str, ...]:
    """The sources that a request names, all of them where it names none; raises CommandRefused for unknown ones."""
    if named is None:
        return SOURCES
    if not isinstance(named, list | tuple) or not named:
        raise CommandRefused(
            f"sources: expected a list of {', '.join(SOURCES)}, got {type(named).__name__}",
            hint="Leave sources out to reindex all",
        )
    unknown = [one for one in named if one not in SOURCES]
    if unknown:
        raise CommandRefused(
            f"sources: {len(unknown)} of them are none of {', '.join(SOURCES)}",
            hint="Leave sources out to reindex all",
        )
    return tuple(one for one in SOURCES if one in named)


def reindex(importer: Importer, sources: Sequence[str]) -> ImportReport:
    """Read all logs of these sources anew; rows of the others, and of logs that are gone, stay as they are."""
    importer.index.expire(tuple(sources))
    known = [Path(row.path) for row in importer.index.rows(tuple(sources))]
    roots = importer.roots([])
    beside = [
        path for path in known if not is_gone(path) and not any(path.is_relative_to(one) for one in roots)
    ]
    return importer.run([*roots, *beside]) if roots or beside else importer.run([importer.index.path.parent])
