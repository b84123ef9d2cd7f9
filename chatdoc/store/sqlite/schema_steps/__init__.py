"""The schema's steps, one a file and in order; a step that was released is never edited, the next one is added."""

from __future__ import annotations

from chatdoc.store.sqlite.schema_steps import baseline, document, event_log, move, projections, row_digests

ALL = (document, event_log, projections, baseline, row_digests, move)
"""Each has a NAME and its STATEMENTS; its place here is its number."""
