"""What may be asked of a document: each command is a value, and deciding it is pure."""
