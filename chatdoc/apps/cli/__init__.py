"""The command line: every command is one file, prints for people or as JSON, and tells its outcome by exit status."""
