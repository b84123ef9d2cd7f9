"""The page of rules says what the registry says."""

from __future__ import annotations

import re

from chatdoc.apps.integrity_counters import metric_of
from invariants.registry import RULES
from tests.apps.server.serving import Serving
from tests.tidy.source import PROJECT


def test_every_rule_has_its_line() -> None:
    """Code, promise, kind and metric of each rule, in the registry's order, and nothing else."""
    page = (PROJECT / "docs" / "invariants.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| `(\w+)` \| (.*) \| (\w+) \| `(.*)` \|$", page, re.MULTILINE)
    assert lines == [(one.code, one.promise, one.kind, metric_of(one)) for one in RULES]


def test_every_rule_is_counted(serving: Serving) -> None:
    """The server's metrics have a line for each rule."""
    serving.command("a.chat", type="create_thread", sender_id="ada", content="x")
    lines = serving.http.get("/metrics").text.splitlines()
    assert [one.code for one in RULES if f"{metric_of(one).replace('.', '_')} 0.0" not in lines] == []
