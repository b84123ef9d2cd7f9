"""Transcripts and ledgers as files of a project: where they lie, which are stale, and how each is replaced whole."""
