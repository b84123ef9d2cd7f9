"""Tests that run on every kind of store: files of SQLite, and a database of PostgreSQL."""

from __future__ import annotations

import pytest

on_every_store = [
    pytest.mark.usefixtures("any_store"),
    pytest.mark.parametrize("any_store", ["sqlite", "postgres"], indirect=True),
]
"""The marks of a module whose tests open documents by their file."""
