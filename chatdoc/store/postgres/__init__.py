"""Store of documents in PostgreSQL: the same tables as in SQLite, with the document as first column of each key."""
