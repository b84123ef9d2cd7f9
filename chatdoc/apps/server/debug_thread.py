"""One thread on the debug page: its messages with every revision and raw fact, its config with who set what when."""

from __future__ import annotations

from collections.abc import Iterable

from chatdoc.apps.server.debug_data import ThreadPage, as_json
from chatdoc.apps.server.debug_parts import badge, code, counted, cut, folded, moment, spelled, table
from chatdoc.model.html import Html, join, tag
from chatdoc.model.records.message import Message


def thread_view(found: ThreadPage, here: str) -> Html:
    """The thread in a card of its own."""
    line = found.line
    history = [
        (code(one.field), folded(spelled(one.value)), tag("bdi", one.by), moment(one.at))
        for one in found.history
    ]
    approvals = [(folded(as_json(one)),) for one in found.approvals]
    waiting = [
        (code(one.message_id), tag("bdi", one.sender_id), tag("bdi", cut(one.content))) for one in found.queue
    ]
    earlier = line.messages - len(found.messages)
    return tag(
        "section",
        tag("h2", "Thread ", tag("bdi", line.config.name or "untitled"), id="thread"),
        tag("p", code(line.thread.thread_id), " ", tag("a", "close", href=here)),
        tag(
            "p",
            f"The newest of {line.messages:,} messages; {earlier:,} earlier ones are not shown.",
            class_="quiet",
        )
        if earlier
        else "",
        tag("div", join(_message(one, facts) for one, facts in found.messages), class_="messages"),
        tag("h3", "Waiting for the agent"),
        table(("message", "by", "text"), waiting, empty="Nothing waits."),
        tag("h3", "Approvals that wait"),
        table(("request",), approvals, empty="None."),
        tag("h3", "Config, with who set what when"),
        table(("field", "value", "by", "at"), history, empty="Nothing was ever set."),
        tag("h3", "Raw facts of the thread"),
        _facts(found.facts),
        class_="card thread",
    )


def _message(message: Message, facts: list[tuple[str, str, str]]) -> Html:
    revisions = [
        (code(one.revision_id), tag("bdi", one.author_id), moment(one.date), tag("bdi", cut(one.content)))
        for one in message.history
    ]
    labels = join(
        badge(label, kind)
        for label, kind, holds in (
            ("generating", "good", message.generating),
            ("deleted", "bad", message.deleted_at is not None),
            ("placeholder", "bad", message.assumed),
            ("interrupted", "bad", bool(message.acp_interrupted)),
        )
        if holds
    )
    return tag(
        "article",
        tag(
            "header",
            tag("bdi", tag("b", message.sender_id or "nobody knows")),
            " ",
            moment(message.date),
            " ",
            labels,
        ),
        tag("div", tag("bdi", cut(message.content)), class_="content"),
        tag(
            "details",
            tag(
                "summary",
                code(message.message_id),
                f" {counted(len(revisions), 'revision')}, {counted(len(facts), 'fact')}",
            ),
            table(("revision", "author", "date", "text"), revisions, empty=""),
            _facts(facts),
        ),
    )


def _facts(facts: Iterable[tuple[str, str, str]]) -> Html:
    return table(
        ("root", "key", "text"),
        [(root, code(key), folded(value)) for root, key, value in facts],
        empty="None.",
    )
