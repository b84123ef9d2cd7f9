"""Every rule there is has a file of its own, a sentence, a place in the registry, and a name for its count."""

from __future__ import annotations

import importlib
from pathlib import Path

import invariants
from invariants.registry import METRICS, RULES, metric_of

NOT_RULES = {"__init__", "checker", "full", "registry", "report", "rule", "standing", "tally", "watch"}


def test_every_rule_has_a_file_and_every_file_its_rule() -> None:
    """The file has the name of the code."""
    files = {path.stem for path in Path(invariants.__path__[0]).glob("*.py")} - NOT_RULES
    assert files == {rule.code for rule in RULES}


def test_promise_of_a_rule_is_the_first_sentence_of_its_file() -> None:
    """So who opens the file and who reads the registry are told the same."""
    for rule in RULES:
        module = importlib.import_module(f"invariants.{rule.code}")
        assert module.__doc__ is not None
        assert module.__doc__.split("\n")[0] == rule.promise
        assert getattr(module, rule.code.upper()) is rule


def test_metric_names_are_those_of_the_plan_and_one() -> None:
    """Whoever watches them need not learn new ones; what is hidden from those who join, nobody counted before."""
    assert set(METRICS) == {
        "chat.integrity.orphan_messages",
        "chat.integrity.multi_root_per_thread",
        "chat.integrity.invalid_reply_targets",
        "chat.integrity.duplicate_date_rows",
        "chat.integrity.missing_thread_config",
        "chat.acp.finalize_mismatch",
        "chat.integrity.fact_hidden",
    }
    assert metric_of("reply_cycle") == "chat.integrity.invalid_reply_targets"
    assert metric_of("fact_rewritten") is None
