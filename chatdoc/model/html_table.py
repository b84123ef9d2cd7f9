"""Tables for notebooks: what `_repr_html_` of documents, threads and reports shows; inert, bounded, without a style."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chatdoc.model.html import tag

ROWS_MAX = 100
"""So many rows are shown; of the others the number is told."""
CELL_LENGTH_MAX = 200


def html_table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; whatever its cells hold is text, and long ones are cut."""
    told = list(rows)
    head = tag("tr", *(tag("th", one) for one in headings))
    body = [tag("tr", *(tag("td", _cut(one)) for one in row)) for row in told[:ROWS_MAX]]
    if len(told) > ROWS_MAX:
        body.append(tag("tr", tag("td", f"and {len(told) - ROWS_MAX} more", colspan=len(headings))))
    shown = [tag("caption", _cut(caption))]
    if told:
        shown += [tag("thead", head), tag("tbody", *body)]
    return tag("table", *shown)


def _cut(value: object) -> str:
    if value is None:
        return ""
    text = str(value)
    return text if len(text) <= CELL_LENGTH_MAX else text[:CELL_LENGTH_MAX] + "…"
