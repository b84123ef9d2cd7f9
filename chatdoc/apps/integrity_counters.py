"""Counters of a document by metric name: every rule has one, and so do the transcripts that are kept of it."""

from __future__ import annotations

from chatdoc.agents.transcripts import Transcripts
from invariants.registry import RULES
from invariants.report import IntegrityReport
from invariants.rule import Rule


def metric_of(rule: Rule) -> str:
    """The metric that counts a rule: its own, or one of its code."""
    return rule.metric or f"chat.integrity.{rule.code}"


def counters_of(report: IntegrityReport, transcripts: Transcripts | None = None) -> dict[str, int]:
    """What is broken now, for every rule there is; and which transcripts are behind their log, where some are kept."""
    counters = {metric_of(rule): 0 for rule in RULES if rule.metric is None} | report.counters
    for one in (*report.violations, *report.diagnostics):
        if (name := f"chat.integrity.{one.code}") in counters and one.code in _UNNAMED:
            counters[name] += 1
    if transcripts is not None:
        counters["chat.transcripts.behind"] = len(transcripts.behind)
        counters["chat.transcripts.failed_writes"] = sum(transcripts.failures.values())
    return counters


_UNNAMED = frozenset(rule.code for rule in RULES if rule.metric is None)
