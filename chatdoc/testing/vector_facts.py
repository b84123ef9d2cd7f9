"""Inputs of the test vectors that concern single facts: each is there because one reader or another got it wrong."""

from __future__ import annotations

from chatdoc.crdt.keys import digest
from chatdoc.model.facts import (
    DocumentFact,
    Fact,
    Header,
    MarkFact,
    PieceFact,
    RevisionFact,
    SettingFact,
    StateFact,
    ThreadFact,
)
from chatdoc.model.ids import STAMP_END, MessageId, RevisionId, Stamp, ThreadId
from chatdoc.model.records.attic import AtticRow

THREAD = ThreadId("01HF7YAT00THREAD0000000001")
MESSAGE = MessageId("01HF7YAT00MESSAGE000000001")
STAMP = Stamp("01HF7YAT00STAMP00000000001")
UUID = MessageId("3f2504e0-4f89-41d3-9a0c-0305e82c3301")
DATE = "2023-11-14T22:13:20.000Z"

STAMPS = (STAMP, "00000000000000000000000000", "01HF7YAT00ZZZZZZZZZZZZZZZZ", STAMP_END)

CANONICAL = (
    "null", " true ", "0", "-0", "-0.0", "1", "1.0", "1e0", "10e-1", "1e15", "1e16", "1.5e300", "0.00001", "0.000001",
    "5e-324", "123456789.123", "9007199254740993", "18446744073709551616", '"\\u00e9\\ud83d\\ude00\\/"',
    '"\\u0000\\u001f\\b\\f\\n\\r\\t\\"\\\\"', '"\u007f\u2028"', "[1, 1.0, true, null]",
    '{"b": 1, "a": {"\uffff": 1, "\U0001f600": 2, "\u00e9": 3, "": 4}, "a": {"__proto__": 1}}',
    '{"\uffff": 1, "\U0001f600": 2, "z": 3, "Z": 4, "constructor": []}',
)  # fmt: skip
"""JSON texts, to be spelled canonically."""

FIELDS = (
    "name",
    "acp_config.model",
    "x/y%z",
    "colour of my own",
    "~",
    "",
    "!'()*",
    "Größe 😀",
    "ä" * 200,
    "-_.~09",
)
"""Names of fields, to be spelled in a key."""

FACTS: tuple[Fact, ...] = (
    DocumentFact(field="document_id", value="01HF7YAT00D0CVMENT00000001"),
    DocumentFact(field="x/y%z", value={"b": [1, 1.0, None], "a": "\u2028"}),
    DocumentFact(field="", value=None),
    ThreadFact(thread_id=THREAD, created_at=DATE, created_by="ada", root_message_id=MESSAGE),
    ThreadFact(thread_id=THREAD, created_at=DATE, created_by="", root_message_id=UUID, schema_version=3,
               assumed=True, extra={"z": 1, "a": 2}),
    Header(message_id=MESSAGE, thread_id=THREAD, sender_id="ada", date=DATE, content='Hi "there"\n😀'),
    Header(message_id=UUID, thread_id=THREAD, sender_id="", date=DATE, reply_to_message_id=MESSAGE,
           revision_id=RevisionId(STAMP), author_id="bob", revised_at=DATE, assumed=True, fields={"generating": True}),
    RevisionFact(message_id=MESSAGE, revision_id=RevisionId(STAMP), author_id="bob", content="", date=DATE),
    SettingFact(thread_id=THREAD, field="acp_config.model", stamp=STAMP, value=None, by="ada"),
    SettingFact(thread_id=THREAD, field="ä" * 200, stamp=STAMP, value=-0.0, by="ada"),
    MarkFact(message_id=UUID, field="deleted", stamp=STAMP, value=True, by=""),
    StateFact(thread_id=THREAD, stamp=STAMP, state="running", updated_at=DATE, active_message_id=MESSAGE),
    PieceFact(message_id=MESSAGE, seq=0, text=""),
    PieceFact(message_id=MESSAGE, seq=9_999_999_999, text="漢"),
    AtticRow(kind="line", reason="no JSON", text="{\\xff", encoding="escaped"),
    AtticRow(kind="row", reason="draft", text="{}"),
)  # fmt: skip

ODD_KEYS = (
    ("live", f"{MESSAGE}/0000000001/0123456789abcdef"),
    ("live", f"{MESSAGE}/1/0123456789abcdef"),
    ("live", f"{MESSAGE.lower()}/0000000001/0123456789abcdef"),
    ("state", f"{THREAD}/{STAMP}/0123456789abcdef"),
    ("state", f"{THREAD}/{STAMP_END}/0123456789abcdef"),
    ("state", f"{THREAD}/8{STAMP[1:]}/0123456789abcdef"),
    ("setting", f"{THREAD}/a%2Fb/{STAMP}/0123456789abcdef"),
    ("setting", f"{THREAD}/a b/{STAMP}/0123456789abcdef"),
    ("setting", f"{THREAD}/{'a' * 385}/{STAMP}/0123456789abcdef"),
    ("attic", "0123456789abcdef"),
    ("attic", "0123456789ABCDEF"),
    ("attic", "0123456789abcdef\n"),
    ("other", "0123456789abcdef"),
    ("constructor", "0123456789abcdef"),
    ("thread", f"{UUID}/0123456789abcdef"),
)
"""Keys that a peer may, or may not, write."""


def _entry(root: str, path: str, text: str) -> tuple[str, str, str]:
    return root, path + digest(text), text


_HEAD = f'"message_id":"{MESSAGE}","thread_id":"{THREAD}","sender_id":"ada","date":"{DATE}"'
ODD_ENTRIES = (
    _entry("live", f"{MESSAGE}/0000000001/", f'{{"message_id":"{MESSAGE}","seq":1,"text":"a"}}'),
    _entry("live", f"{MESSAGE}/0000000001/", f'{{"text":"a", "seq":1, "message_id":"{MESSAGE}", "more":[]}}'),
    _entry("live", f"{MESSAGE}/0000000001/", f'{{"message_id":"{MESSAGE}","seq":1.0,"text":"a"}}'),
    _entry("live", f"{MESSAGE}/0000000001/", f'{{"message_id":"{MESSAGE}","seq":true,"text":"a"}}'),
    _entry("live", f"{MESSAGE}/0000000001/", f'{{"message_id":"{MESSAGE}","seq":1,"text":"\\ud83d"}}'),
    _entry("live", f"{MESSAGE}/0000000002/", f'{{"message_id":"{MESSAGE}","seq":1,"text":"a"}}'),
    ("live", f"{MESSAGE}/0000000001/0123456789abcdef", f'{{"message_id":"{MESSAGE}","seq":1,"text":"a"}}'),
    _entry("message", f"{MESSAGE}/", f"{{{_HEAD}}}"),
    _entry("message", f"{MESSAGE}/", f'{{{_HEAD},"note":1,"fields":{{"note":2,"b":null}}}}'),
    _entry("message", f"{MESSAGE}/", f'{{{_HEAD},"assumed":null}}'),
    _entry("message", f"{MESSAGE}/", f'{{{_HEAD},"author_id":null,"fields":null}}'),
    _entry("message", f"{MESSAGE}/", f'{{{_HEAD},"reply_to_message_id":"no id"}}'),
    _entry("message", f"{MESSAGE}/", f'{{{_HEAD},"revised_at":"2023-11-14"}}'),
    _entry("message", f"{MESSAGE}/", f'{{{_HEAD},"revision_id":"{UUID}"}}'),
    _entry("message", f"{MESSAGE}/", f'{{{_HEAD},"date":"2023-02-30T00:00:00.000Z"}}'),
    _entry("mark", f"{MESSAGE}/reply_to_message_id/{STAMP}/",
           f'{{"message_id":"{MESSAGE}","field":"reply_to_message_id","stamp":"{STAMP}","value":"x","by":""}}'),
    _entry("mark", f"{MESSAGE}/reply_to_message_id/{STAMP}/",
           f'{{"message_id":"{MESSAGE}","field":"reply_to_message_id","stamp":"{STAMP}","value":null,"by":""}}'),
    _entry("state", f"{THREAD}/{STAMP}/",
           f'{{"thread_id":"{THREAD}","stamp":"{STAMP}","state":"asleep","updated_at":"{DATE}"}}'),
    _entry("state", f"{THREAD}/{STAMP}/",
           f'{{"thread_id":"{THREAD}","stamp":"{STAMP}","state":"idle","updated_at":"{DATE}","mood":"good"}}'),
    _entry("document", "a/", '{"field":"a","value":1e400}'),
    _entry("document", "a/", '{"field":"a","value":' + "[" * 202 + "]" * 202 + "}"),
    _entry("document", "a/", '{"field":"a","value":' + "[" * 201 + "]" * 201 + "}"),
    _entry("document", "a/", '{"field":"a"}'),
    _entry("document", "a/", "[]"),
    _entry("document", "a/", ""),
    _entry("document", "a/", '{"field":"a","value":"' + "[" * 300 + '"}'),
    _entry("attic", "", '{"kind":"line","reason":"r","text":"t"}'),
)  # fmt: skip
"""Entries of the Y document, some of which are facts."""
