"""Parts of a document's store over SQL: statements and rows that SQLite and PostgreSQL have in common."""
