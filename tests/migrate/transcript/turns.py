"""Turns for tests: one builder that sets only what matters, and random ones full of the file's own markers."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from migrate.transcript.turn import Action, TranscriptTurn

THREAD = "00000000-0000-0000-0000-0000000000F1"
STAMP = "2026-02-01T10:00:00Z"

GOLDEN = """# Thread Transcript for 00000000-0000-0000-0000-0000000000F1

<!-- CODEXCHAT_FORMAT_VERSION: 2 -->

<!-- CODEXCHAT_TURN_BEGIN id=00000000-0000-0000-0000-0000000000A1 timestamp=2026-02-01T10:00:00Z status=completed -->
## Turn 2026-02-01T10:00:00Z

### User

Sharpen the plan.

### Assistant

It is sharp.

### Actions

```json
[
  {
    "createdAt" : "2026-02-01T10:00:03Z",
    "detail" : "plan\\/one.md",
    "itemID" : "item-7",
    "itemType" : "fileChange",
    "method" : "item\\/completed",
    "title" : "Completed fileChange"
  }
]
```

<!-- CODEXCHAT_TURN_END -->

---


<!-- CODEXCHAT_TURN_BEGIN id=00000000-0000-0000-0000-0000000000A2 timestamp=2026-02-01T10:05:00Z status=pending -->
## Turn 2026-02-01T10:05:00Z

### User

And now?

### Assistant

_Pending response..._

### Actions

```json
[

]
```

<!-- CODEXCHAT_TURN_END -->

---
"""
"""A file with a finished turn and one that runs, as CodexChat appends them."""


def turn_id(number: int) -> str:
    """The id of the turn with a number."""
    return f"00000000-0000-0000-0000-{number:012X}"


def turn(number: int = 1, **fields: Any) -> TranscriptTurn:
    """A completed turn, a minute after the one before."""
    said = {
        "turn_id": turn_id(number),
        "timestamp": f"2026-02-01T{10 + number // 60 % 10:02d}:{number % 60:02d}:00Z",
        "status": "completed",
        "user_text": f"question {number}",
        "assistant_text": f"answer {number}",
        **fields,
    }
    return TranscriptTurn(**said)


def action(**fields: Any) -> Action:
    """A file change."""
    said = {
        "method": "item/completed",
        "title": "Completed fileChange",
        "detail": "a.md",
        "created_at": STAMP,
    }
    return Action(**{**said, **fields})


_LINES = st.sampled_from(
    [
        "", " ", "plain", "### User", "### Assistant", "### Actions", "x ### Actions", "##\\# User", "```json",
        "[]", "```", "---", "<!-- CODEXCHAT_TURN_END -->", "<\\!-- CODEXCHAT_TURN_END -->", "## Turn x",
        "<!-- CODEXCHAT_TURN_BEGIN id=x -->", "_Pending response..._", "\\_No assistant output captured._",
        "_No assistant output captured._", "# Thread Transcript for y", "\u2028", "\x0c", "é/\\\"",
        f"<!-- CODEXCHAT_TURN_BEGIN id={turn_id(9)} timestamp={STAMP} status=failed -->\n## Turn {STAMP}",
    ]
)  # fmt: skip
TEXTS = st.lists(
    _LINES | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")), max_size=8
).map("\n".join)
_DATES = st.integers(0, 3600).map(lambda second: f"2026-02-01T10:{second // 60 % 60:02d}:{second % 60:02d}Z")
ACTIONS = st.builds(
    Action,
    method=TEXTS,
    title=TEXTS,
    detail=TEXTS,
    created_at=_DATES,
    item_id=st.none() | TEXTS,
    item_type=st.none() | st.just("fileChange"),
    extra=st.dictionaries(
        st.sampled_from(["status", "weight"]), st.none() | st.integers(0, 9) | TEXTS, max_size=2
    ),
)
TURNS = st.lists(
    st.builds(
        TranscriptTurn,
        turn_id=st.integers(1, 10**6).map(turn_id),
        timestamp=_DATES,
        status=st.sampled_from(["pending", "completed", "failed"]),
        user_text=TEXTS,
        assistant_text=TEXTS,
        actions=st.lists(ACTIONS, max_size=3).map(tuple),
    ),
    max_size=5,
    unique_by=lambda one: one.turn_id,
)
