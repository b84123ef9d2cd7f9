"""Plain HTTP: clients of a server on this machine, which load no certificates; that takes longer than most requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx


def client(url: str = "", *, timeout: float | httpx.Timeout = 60) -> httpx.Client:
    """A client of a server, or of whichever is named with each request."""
    return httpx.Client(base_url=url, timeout=timeout, verify=False)


def request(
    method: str, url: str, *, timeout: float = 60, headers: Mapping[str, str] | None = None, **more: Any
) -> httpx.Response:
    """Ask once."""
    with client(timeout=timeout) as http:
        return http.request(method, url, headers=headers, **more)
