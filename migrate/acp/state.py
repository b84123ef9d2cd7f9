"""What an ACP reader knows between two lines: its sessions, open requests, and the texts that are still streaming."""

from __future__ import annotations

import msgspec


class Run(msgspec.Struct):
    """Chunks of one kind that came one after the other: one text."""

    kind: str
    pieces: list[str]
    at: str | None = None


class AcpState(msgspec.Struct, omit_defaults=True):
    """A log may hold several sessions; the first one gives it its name."""

    session_id: str = ""
    current: str = ""
    started_at: str | None = None
    cwd: str = ""
    requests: dict[str, list[str]] = {}
    """Method and session of the client's requests that have no answer yet, by their id."""
    loading: list[str] = []
    """Sessions whose history is being replayed."""
    runs: dict[str, Run] = {}
    calls: dict[str, str] = {}
    """Titles of the calls that have no result yet."""
    tokens: None = None
