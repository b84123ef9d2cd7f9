"""A document can be written for other software: each format is a function from the view to bytes.

An export is a copy for others to read; what a format cannot say is left out of it, never out of the document.
"""

from __future__ import annotations

from collections.abc import Callable

from chatdoc.exports.cocalc import export_cocalc
from chatdoc.exports.jupyter import export_jupyter
from chatdoc.exports.legacy import export_legacy
from chatdoc.exports.markdown import export_markdown
from chatdoc.records.view import View
from chatdoc.textfile import render

FORMATS: dict[str, Callable[[View], bytes]] = {
    "v2": render,
    "legacy": export_legacy,
    "cocalc": export_cocalc,
    "jupyter": export_jupyter,
    "markdown": export_markdown,
}

__all__ = ["FORMATS"]
