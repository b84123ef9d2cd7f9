"""The schema's steps, one a file and in order; a step that was released is never edited, the next one is added."""

from __future__ import annotations

from chatdoc.store.sqlite.schema_steps import baseline, documents, event_log, leases, projections

ALL = (documents, event_log, projections, leases, baseline)
"""Each has a NAME and its STATEMENTS; its place here is its number."""
