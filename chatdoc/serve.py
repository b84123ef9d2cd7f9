"""Rooms for editors, browsers and agents: the names a backend mounts, loaded once the extra `server` is there."""

from __future__ import annotations

from chatdoc.apps.server.limits import Limits
from chatdoc.apps.server.principal import Allow, Authenticate, Credentials, Principal, allow_own, author_of
from chatdoc.apps.server.rooms import Rooms

__all__ = ["Allow", "Authenticate", "Credentials", "Limits", "Principal", "Rooms", "allow_own", "author_of"]
