"""Every rule there is, in reading order, each code once.

Two records of one id, which older software had to count, cannot exist here: a record is the union of its facts.
Nor can a row without ids: what has none is no fact (`unreadable_fact`), or lies in the attic.
"""

from __future__ import annotations

from collections import Counter

from invariants.client_id_reused import CLIENT_ID_REUSED
from invariants.config_by_message_write import CONFIG_BY_MESSAGE_WRITE
from invariants.dangling_active_message import DANGLING_ACTIVE_MESSAGE
from invariants.date_addressed_write import DATE_ADDRESSED_WRITE
from invariants.duplicate_date import DUPLICATE_DATE
from invariants.fact_hidden import FACT_HIDDEN
from invariants.fact_rewritten import FACT_REWRITTEN
from invariants.finalize_mismatch import FINALIZE_MISMATCH
from invariants.invalid_reply_target import INVALID_REPLY_TARGET
from invariants.missing_root import MISSING_ROOT
from invariants.missing_thread_config import MISSING_THREAD_CONFIG
from invariants.multi_root import MULTI_ROOT
from invariants.orphan_message import ORPHAN_MESSAGE
from invariants.orphan_record import ORPHAN_RECORD
from invariants.reply_cycle import REPLY_CYCLE
from invariants.rule import Rule
from invariants.stale_generating import STALE_GENERATING
from invariants.unreadable_fact import UNREADABLE_FACT

RULES: tuple[Rule, ...] = (
    ORPHAN_MESSAGE,
    ORPHAN_RECORD,
    MISSING_ROOT,
    MULTI_ROOT,
    INVALID_REPLY_TARGET,
    REPLY_CYCLE,
    DUPLICATE_DATE,
    MISSING_THREAD_CONFIG,
    DANGLING_ACTIVE_MESSAGE,
    FINALIZE_MISMATCH,
    STALE_GENERATING,
    DATE_ADDRESSED_WRITE,
    UNREADABLE_FACT,
    FACT_HIDDEN,
    FACT_REWRITTEN,
    CLIENT_ID_REUSED,
    CONFIG_BY_MESSAGE_WRITE,
)
METRICS: tuple[str, ...] = tuple(dict.fromkeys(rule.metric for rule in RULES if rule.metric is not None))

_twice = [code for code, count in Counter(rule.code for rule in RULES).items() if count > 1]
if _twice:
    raise ImportError(f"expected one rule for each code, found several for {', '.join(_twice)}")


def metric_of(code: str) -> str | None:
    """The metric under which a code is counted; raises KeyError for a code that is none."""
    return _METRIC_OF[code]


_METRIC_OF = {rule.code: rule.metric for rule in RULES}
