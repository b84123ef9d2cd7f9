"""What is not interpreted is kept word for word."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["row", "line"]


class AtticRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One source line kept verbatim: a `row` that parses but is no chat record, or a `line` that is quarantined.

    `text` is the line without its line end; bytes that are no UTF-8 are spelled `\\xNN` and `encoding` says so.
    """

    kind: Kind
    reason: str
    text: str
    encoding: Literal["utf-8", "escaped"] = "utf-8"
