"""The house rules as pure functions over source text, so that each can be shown to fail."""
