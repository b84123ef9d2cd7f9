"""The debug page as HTML: sections of tables, all content inert, links between what names each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from chatdoc.apps.server.debug_data import DocumentPage, ThreadLine, as_json
from chatdoc.apps.server.debug_integrity import integrity_view
from chatdoc.apps.server.debug_parts import badge, code, folded, moment, section, size, standing, table
from chatdoc.apps.server.debug_thread import thread_view
from chatdoc.apps.server.paths import Unreadable
from chatdoc.model.html import Html, join, tag
from chatdoc.store.ports import Receipt
from invariants.report import IntegrityReport

SECTIONS = (
    ("integrity", "Integrity"),
    ("threads", "Threads"),
    ("turns", "Turns"),
    ("events", "Events"),
    ("replicas", "Replicas"),
    ("updates", "Updates"),
    ("receipts", "Receipts"),
    ("migration", "Migration"),
    ("attic", "Attic"),
)


def folder_view(
    folder: str,
    rows: list[tuple[str, bool, int, int, IntegrityReport | None]],
    unreadable: Sequence[Unreadable],
    base: str,
) -> Html:
    """The documents of a folder: open or not, clients, size, what is broken in the open ones, and what is not seen."""
    lines = [
        (
            tag("a", name, href=f"{base}/debug/{quote(name)}"),
            badge("open", "good") if is_open else tag("span", "closed", class_="quiet"),
            clients if is_open else "",
            size(count),
            standing(report) or tag("span", "looked at while it is open", class_="quiet"),
        )
        for name, is_open, clients, count, report in rows
    ]
    return tag(
        "main",
        tag("header", tag("p", "chatdoc debug", class_="kicker"), tag("h1", folder)),
        section(
            "documents",
            "Documents",
            table(
                ("document", "room", "clients", "text", "integrity"),
                lines,
                empty="No chats in this folder yet." if not unreadable else "No chats in what could be read.",
            ),
        ),
        section(
            "unreadable",
            "Folders that could not be read",
            table(("folder", "why"), [(code(one.path), one.reason) for one in unreadable], empty=""),
        )
        if unreadable
        else "",
    )


def document_view(
    name: str, found: DocumentPage, clients: int, reasons: Mapping[str, str], base: str
) -> Html:
    """One document; `reasons` say what it cannot do now, and why."""
    here = f"{base}/debug/{quote(name)}"
    parts = {
        "integrity": integrity_view(found.report),
        "threads": _threads(found, here),
        "turns": table(
            ("thread", "message", "owner", "standing", "silent"),
            [_turn(one) for one in found.turns],
            empty="No turn runs.",
        ),
        "events": _events(found),
        "replicas": table(
            ("client id", "clock"),
            [(code(client), clock) for client, clock in found.replicas.items()],
            empty="Nobody has written yet.",
            narrow=True,
        ),
        "updates": tag(
            "div",
            tag("p", f"{found.updates_in_all} in the log; the newest first.", class_="quiet"),
            table(("sequence", "bytes", "origin"), found.updates, empty="No update yet.", narrow=True),
        ),
        "receipts": table(
            ("command id", "status", "of", "answer"),
            [_receipt(one) for one in found.receipts],
            empty="No command with an id among the latest events.",
        ),
        "migration": _migration(found),
        "attic": table(
            ("row", "kept verbatim"),
            [(number, folded(as_json(row))) for number, row in enumerate(found.attic, 1)],
            empty="Nothing was set aside.",
        ),
    }
    facts: tuple[tuple[str, object], ...] = (
        *reasons.items(),
        ("document", code(found.document_id)),
        ("store", code(found.store)),
        ("clients", clients),
        ("events", found.last_event),
        ("updates", found.updates_in_all),
    )
    summary = tag(
        "dl", join(tag("div", tag("dt", key), tag("dd", value)) for key, value in facts), class_="facts"
    )
    return join(
        (
            tag(
                "nav", join(tag("a", label, href=f"#{key}") for key, label in SECTIONS), aria_label="Sections"
            ),
            tag(
                "main",
                tag(
                    "header",
                    tag("p", tag("a", "chatdoc debug", href=f"{base}/debug"), class_="kicker"),
                    tag(
                        "h1",
                        name,
                        " ",
                        tag("span", standing(found.report), id="standing", aria_live="polite"),
                    ),
                    summary,
                ),
                thread_view(found.thread, here) if found.thread is not None else "",
                join(section(key, label, parts[key]) for key, label in SECTIONS),
            ),
        )
    )


def _turn(one: Any) -> tuple[object, ...]:
    silent = f"{one.silent_ms} ms"
    return code(one.thread_id), code(one.message_id), one.owner or "a peer", one.standing, silent


def _receipt(one: Receipt) -> tuple[object, ...]:
    kind = "good" if one.status == "accepted" else "bad"
    result = one.error or one.result.decode("utf-8", "backslashreplace")
    return code(one.command_id), badge(one.status, kind), code(one.aggregate_id), folded(result)


def _threads(found: DocumentPage, here: str) -> Html:
    rows = [_thread_row(one, here) for one in found.threads]
    more = found.threads_in_all - len(rows)
    return tag(
        "div",
        table(("thread", "name", "by", "messages", "state", "created"), rows, empty="No thread yet."),
        tag("p", f"and {more} older ones", class_="quiet") if more else "",
    )


def _thread_row(one: ThreadLine, here: str) -> tuple[object, ...]:
    thread_id = one.thread.thread_id
    state = one.state.state if one.state is not None else "none"
    kinds = {"error": "bad", "running": "good"}
    return (
        tag("a", code(thread_id), href=f"{here}?thread={quote(thread_id)}#thread", class_="id"),
        tag("bdi", one.config.name or "untitled"),
        tag("bdi", one.thread.created_by),
        one.messages,
        badge("deleted", "bad")
        if one.thread.deleted_at is not None
        else badge(state, kinds.get(state, "quiet")),
        moment(one.thread.created_at),
    )


def _events(found: DocumentPage) -> Html:
    rows = [
        (
            one.sequence,
            moment(one.occurred_at),
            code(one.event_type),
            code(one.stream_id),
            one.actor_kind,
            folded(as_json(one.payload)),
        )
        for one in found.events
    ]
    return tag(
        "div",
        tag(
            "div",
            tag(
                "label",
                "Filter ",
                tag("input", type="search", id="filter", placeholder="type, thread or text"),
            ),
            tag("label", tag("input", type="checkbox", id="follow", checked=True), " follow"),
            tag("span", "", id="live", class_="quiet", aria_live="polite"),
            class_="actions",
        ),
        table(
            ("sequence", "time", "type", "stream", "actor", "payload"),
            rows,
            empty="Nothing happened yet.",
            id_="timeline",
        ),
    )


def _migration(found: DocumentPage) -> Html:
    report = found.migration
    if report is None:
        return tag("p", "Nothing was migrated when this document was opened.", class_="quiet")
    rows = [
        (one.line or "", code(one.code), one.subject or "", one.detail, one.decision)
        for one in report.anomalies
    ]
    lines = ", ".join(f"{count} {name}" for name, count in report.lines.items() if count)
    return tag(
        "div",
        tag("p", f"{report.format}, {size(report.source_bytes)}: {lines}"),
        tag("p", code(report.source_digest)),
        table(("line", "what", "subject", "detail", "decision"), rows, empty="Nothing was odd."),
    )
