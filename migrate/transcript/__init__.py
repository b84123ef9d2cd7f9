"""Thread transcripts of CodexChat and their ledger: the grammar of each file, read and written side by side."""
