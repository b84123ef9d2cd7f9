"""A document can be written for other software: each format is a function from the view to bytes.

An export is a copy for others to read; what a format cannot say is left out of it, never out of the document.
"""

from __future__ import annotations

from collections.abc import Callable

from chatdoc.model.view.view import View
from migrate.cocalc.write import export_cocalc
from migrate.cocalc.write_legacy import export_legacy
from migrate.jupyter.write import export_jupyter
from migrate.markdown import export_markdown
from migrate.v2.write import render

FORMATS: dict[str, Callable[[View], bytes]] = {
    "v2": render,
    "legacy": export_legacy,
    "cocalc": export_cocalc,
    "jupyter": export_jupyter,
    "markdown": export_markdown,
}

__all__ = ["FORMATS"]
