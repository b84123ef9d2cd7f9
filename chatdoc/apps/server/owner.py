"""Rendezvous hashing: which of several servers owns a document, so that all agree without asking each other.

A server that goes moves the documents it owned, and no other ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b


def owner_of(document: str, servers: Iterable[str]) -> str | None:
    """The server whose digest with the document is the highest; None where there are none."""
    return max(servers, key=lambda server: (_weight(document, server), server), default=None)


def _weight(document: str, server: str) -> bytes:
    return blake2b(f"{server}\0{document}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
