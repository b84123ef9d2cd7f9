"""The debug page shows everything and lets nothing run: content is text, changes need the page's token."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chatdoc.model.facts import Header
from chatdoc.model.html import Html, tag, visible
from chatdoc.model.ids import ThreadId
from chatdoc.serve import Credentials, Principal
from tests.apps.server.facts import message_id
from tests.apps.server.serving import Serving

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "<svg onload=alert(1)>",
    '"><a href="javascript:alert(1)">x</a>',
    "\x1b[31mred\x1b[0m",
    "\u202egnp.exe",
    "' onmouseover='alert(1)",
)


def spoil(serving: Serving) -> str:
    """A document of hostile texts in every place that a page shows; the id of its thread."""
    made = serving.command(
        "sub.chat", type="create_thread", sender_id=HOSTILE[0], content=HOSTILE[1], name=HOSTILE[2],
        thread_color=HOSTILE[3], command_id=HOSTILE[6],
    )["record"]["thread_id"]  # fmt: skip
    for number, text in enumerate(HOSTILE):
        serving.command(
            "sub.chat",
            type="send",
            thread_id=made,
            sender_id=text,
            content=text,
            command_id=f"{text}{number}",
            fields={"onload": HOSTILE[3]},
        )
    serving.command("sub.chat", type="append_activity", thread_id=made, kind="tool", summary=HOSTILE[0])
    serving.command(
        "sub.chat", type="request_approval", thread_id=made, request_id=HOSTILE[3], summary=HOSTILE[2]
    )
    return str(made)


def test_all_content_is_text(serving: Serving) -> None:
    """No tag, attribute or link of a page comes from content, and what steers the eye is made visible."""
    thread_id = spoil(serving)
    for path in ("/debug", "/debug/sub.chat", f"/debug/sub.chat?thread={thread_id}"):
        came = serving.http.get(path)
        assert came.status_code == 200
        policy = came.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert came.headers["x-frame-options"] == "DENY"
        assert not re.search(r"<(img|svg)|<script(?! type=\"module\" src=)", came.text), path
        assert not re.search(r"<[^>]* on\w+=", came.text), path
        assert not re.search(r"href=\"(?!\.{0,2}/|#)", came.text), path
        assert "style=" not in came.text
        assert not set("\x1b\u202e") & set(came.text)
    assert "⟨U+202E⟩gnp.exe" in came.text
    assert "&lt;img src=x onerror=alert(1)&gt;" in came.text


def test_every_section_is_there(serving: Serving) -> None:
    """A document's page has its records, log, replicas, updates, receipts, migration and attic."""
    spoil(serving)
    text = serving.http.get("/debug/sub.chat").text
    for key in (
        "integrity",
        "threads",
        "turns",
        "events",
        "replicas",
        "updates",
        "receipts",
        "migration",
        "attic",
    ):
        assert f'<h2 id="{key}">' in text
    assert "approval.requested" in text
    assert "every promise holds" in text
    assert "accepted" in text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"X-Chatdoc-Token": "guess"}, 403),
        ({"X-Chatdoc-Token": "TOKEN", "Origin": "http://evil.example"}, 403),
        ({"X-Chatdoc-Token": "TOKEN", "Origin": "null"}, 403),
        ({"X-Chatdoc-Token": "TOKEN", "Host": "evil.example"}, 403),
        ({"X-Chatdoc-Token": "TOKEN"}, 200),
    ],
)
def test_a_change_needs_the_token_of_the_page(serving: Serving, headers: dict[str, str], status: int) -> None:
    """Who cannot read the page cannot act on it."""
    serving.command("a.chat", type="create_thread", sender_id="ada", content="x")
    page = serving.http.get("/debug/a.chat").text
    found = re.search(r'data-token="([^"]+)"', page)
    assert found is not None
    shown = {name: found[1] if value == "TOKEN" else value for name, value in headers.items()}
    came = serving.http.post("/debug/a.chat", json={"action": "check"}, headers=shown)
    assert came.status_code == status
    if status == 200:
        assert came.json()["clean"] is True


def test_only_who_may_see_everything_sees_the_page(tmp_path: Path) -> None:
    """A token that may not debug gets a form; one that may is kept in a cookie no script and no other site can use."""
    users = {"all": Principal(user_id="root"), "own": Principal(user_id="ada", may_debug=False)}

    def authenticate(credentials: Credentials) -> Principal | None:
        return users.get(credentials.token or "")

    (tmp_path / "a.chat").touch()
    with Serving(tmp_path, authenticate=authenticate) as serving:
        for token in ("", "own"):
            came = serving.http.get(
                "/debug/a.chat", headers={"Authorization": f"Bearer {token}"} if token else {}
            )
            assert came.status_code == 401
            assert serving.rooms.page_token not in came.text
            assert serving.http.post("/debug-login", content=token).status_code == 401
        came = serving.http.post("/debug-login", content="all")
        assert came.status_code == 200
        cookie = came.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert serving.http.get("/debug/a.chat").status_code == 200


def break_rules(serving: Serving, document: str) -> None:
    """Let a peer write messages that reply to nothing, more than are repaired at once, and one of no thread."""
    made = serving.command(document, type="create_thread", sender_id="ada", content="x")["record"]
    date = "2026-11-28T22:36:46.858Z"
    nowhere = ThreadId("01M8J4VHWACFE3DNJAKQVE2099")
    thread_id = ThreadId(made["thread_id"])
    facts = [
        Header(
            message_id=message_id(number),
            thread_id=thread_id if number else nowhere,
            sender_id="eve",
            date=date,
        )
        for number in range(70)
    ]
    serving.call(document, lambda doc: doc.engine.enter(facts, origin="eve"))


def test_what_is_wrong_is_repaired_by_its_button(tmp_path: Path) -> None:
    """A repair is carried out for the violation that is named, and for no other, as the person who clicked."""
    user = Principal(user_id="grace")
    with Serving(tmp_path, authenticate=lambda _: user) as serving:
        break_rules(serving, "a.chat")
        shown = {"X-Chatdoc-Token": serving.rooms.page_token}
        orphan = {"action": "repair", "code": "orphan_message", "subject": message_id(0)}
        wrong = serving.http.post("/debug/a.chat", json={**orphan, "subject": "nobody"}, headers=shown)
        assert wrong.status_code == 404
        came = serving.http.post("/debug/a.chat", json={"action": "repair_all"}, headers=shown).json()
        assert re.fullmatch(r"[1-9]\d* repaired, 0 refused", came["said"])
        assert (came["clean"], "multi_root" in came["html"].partition("<h3>")[0]) == (False, False)
        assert "AssumeThread" in came["html"]
        came = serving.http.post("/debug/a.chat", json=orphan, headers=shown).json()
        assert (came["said"], came["clean"]) == ("repaired", True)
        assert "repair:grace" in serving.http.get("/debug/a.chat").text
        assert serving.http.post("/debug/a.chat", json=orphan, headers=shown).status_code == 404
        for body, status in (
            (b'{"action": "format"}', 404),
            (b"[", 400),
            (b'{"action": "check", "x": 1}', 400),
        ):
            assert serving.http.post("/debug/a.chat", content=body, headers=shown).status_code == status


def test_who_may_only_read_repairs_nothing(tmp_path: Path) -> None:
    """Looking is allowed, and a full check."""
    user = Principal(user_id="grace", read_only=True)
    break_by = Principal(user_id="ada")
    with Serving(tmp_path, authenticate=lambda _: break_by) as serving:
        break_rules(serving, "a.chat")
    with Serving(tmp_path, authenticate=lambda _: user) as serving:
        shown = {"X-Chatdoc-Token": serving.rooms.page_token}
        for action, status in (("check", 200), ("repair_all", 403), ("repair", 403)):
            body = {"action": action, "code": "orphan_message", "subject": message_id(0)}
            assert serving.http.post("/debug/a.chat", json=body, headers=shown).status_code == status
        assert not serving.http.get("/api/documents/a.chat/integrity").json()["ok"]


def test_markup_is_made_by_tag_alone() -> None:
    """A text that looks like markup is escaped wherever it stands; only the result of `tag` is not."""
    made = tag("p", "<b>", tag("i", "x"), class_='"><b>', hidden=True, title=None)
    assert made == '<p class="&quot;&gt;&lt;b&gt;" hidden>&lt;b&gt;<i>x</i></p>'
    assert isinstance(made, Html)
    assert visible("a\u202eb\x00c\n") == "a⟨U+202E⟩b⟨U+0000⟩c\n"
