"""The parts that every debug page is made of: the page itself, cards, tables, badges, values that fold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request

from chatdoc.model.html import Html, join, tag, text
from invariants.report import IntegrityReport

TEXT_MAX = 10_000
"""So many characters of one text are shown; the API and the exports have all of them."""


def page(title: str, body: Html, *, base: str, token: str, data: dict[str, str] | None = None) -> str:
    """A whole page."""
    attributes: dict[str, object] = {f"data_{name}": value for name, value in (data or {}).items()}
    head = tag(
        "head",
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark">'),
        tag("title", title),
        Html(f'<link rel="icon" type="image/svg+xml" href="{text(base)}/debug-assets/icon.svg">'),
        Html(f'<link rel="stylesheet" href="{text(base)}/debug-assets/debug.css">'),
        Html(f'<script type="module" src="{text(base)}/debug-assets/debug.js"></script>'),
    )
    document = tag("body", body, data_base=base, data_token=token, **attributes)
    return f"<!doctype html>{tag('html', head, document, lang='en')}"


def problem(heading: str, words: str, label: str, address: str) -> Html:
    """The body of a page that cannot show what was asked for: why, and a link that leads on."""
    said = f"{words[:1].upper()}{words[1:]}."
    return tag("main", tag("h1", heading), tag("p", said), tag("p", tag("a", label, href=address)))


def way_up(request: Request) -> str:
    """Where this server's addresses begin, from the page that was asked for: also below the path of a proxy."""
    asked = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    steps = (
        asked.partition(b"?")[0].count(b"/") - request.scope.get("root_path", "").rstrip("/").count("/") - 1
    )
    return "/".join([".."] * steps) or "."


def section(key: str, label: str, content: Html) -> Html:
    """A section with a heading that can be linked to."""
    return tag("section", tag("h2", label, id=key), content, class_="card")


def table(
    heads: tuple[str, ...],
    rows: Iterable[Iterable[object]],
    *,
    empty: str,
    id_: str | None = None,
    narrow: bool = False,
) -> Html:
    """A table, or words where it would be empty; one that is followed live is there all the same.

    A `narrow` one stays a table on a telephone; of others each row becomes a card there.
    """
    body = [
        tag("tr", join(tag("td", cell, data_label=head) for head, cell in zip(heads, row, strict=True)))
        for row in rows
    ]
    if not body and id_ is None:
        return tag("p", empty, class_="quiet")
    head = tag("thead", tag("tr", join(tag("th", one, scope="col") for one in heads)))
    made = tag("table", head, tag("tbody", join(body)), id_=id_, class_="narrow" if narrow else None)
    return tag("div", made, class_="wide")


def badge(label: object, kind: str) -> Html:
    """A word with a colour; the word says everything."""
    return tag("span", label, class_=f"badge {kind}")


def code(value: object) -> Html:
    """An id or a name, in a face that tells its letters apart."""
    return tag("code", value)


def folded(value: str) -> Html:
    """A value on one line, that opens when it is long."""
    if len(value) <= 80 and "\n" not in value:
        return tag("code", value)
    line = " ".join(value[:500].split())[:72]
    return tag("details", tag("summary", tag("code", f"{line}…")), tag("pre", cut(value)))


def cut(value: str) -> str:
    """A text, of a very long one the beginning and how much more there is: a page shows hundreds of them."""
    if len(value) <= TEXT_MAX:
        return value
    return f"{value[:TEXT_MAX]}… and {len(value) - TEXT_MAX:,} characters more"


def counted(count: int, noun: str) -> str:
    """A number of things."""
    return f"{count} {noun}{'s' * (count != 1)}"


def standing(report: IntegrityReport | None) -> Html | str:
    """Whether every promise holds, in a badge."""
    if report is None:
        return ""
    if report.ok:
        return badge("every promise holds", "good")
    return badge(counted(len(report.violations), "violation"), "bad")


def moment(iso: str) -> Html:
    """A date and time, to the second."""
    return tag("time", iso[:19].replace("T", " "), datetime=iso)


def size(count: int) -> str:
    """A number of bytes."""
    return f"{count:,} bytes"


def spelled(value: Any) -> str:
    """A value as JSON on one line."""
    return msgspec.json.encode(value).decode()
