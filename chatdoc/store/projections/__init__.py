"""Read tables folded from events: they can be thrown away at any time and come back the same."""
