"""What a Codex reader knows between two lines, small and storable, so that reading goes on where it stopped."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from migrate.session.item import Link, Tokens

_OF_EACH_TURN = ("turn_id", "current_date")
RECENT_ORDINALS = 256
"""So many lines back a repeated ordinal is compared with the line that had it first."""


class CodexState(msgspec.Struct, omit_defaults=True):
    """Session, fork and token totals; all of it grows with nothing."""

    session_id: str = ""
    has_meta: bool = False
    started_at: str | None = None
    link: Link | None = None
    forked: bool = False
    copying: bool = False
    """Whether the lines are the parent's history now."""
    ordered_turns: bool = False
    copied: int = 0
    resumed: int = 0
    began: bool = False
    base: Tokens | None = None
    """What the parent had spent at the fork."""
    total: Tokens | None = None
    last_prompt: str = ""
    replay: str = ""
    """The prompt of a turn that was aborted, which the tool may write once more."""
    ordinals: dict[str, str] = {}
    context: str = ""
    """The digest of what the last turn_context said, but for what each turn says of itself."""

    @property
    def tokens(self) -> Tokens | None:
        """What this session spent itself; None where its log counts nothing."""
        if self.total is None:
            return None
        return self.total if self.base is None else self.total.plus(self.base, -1)

    def is_other_context(self, raw: bytes) -> bool:
        """Whether a line says something else than the turn_context before it; remembers what it says."""
        said = msgspec.json.decode(raw)["payload"]
        told = {name: value for name, value in said.items() if name not in _OF_EACH_TURN}
        digest = sha256(msgspec.json.encode(told, order="deterministic")).hexdigest()[:16]
        is_other, self.context = digest != self.context, digest
        return is_other

    def is_before_fork(self, turn_id: str | None) -> bool:
        """Whether a turn is older than the session that tells of it, as those are that a fork copied."""
        return (
            self.forked
            and not self.began
            and turn_id is not None
            and turn_id[14:15] == "7" == self.session_id[14:15]
            and turn_id < self.session_id
        )

    def repeats(self, number: int, raw: bytes) -> bool:
        """Whether this very line was read under this ordinal before; another one under the same is a record too."""
        digest, ordinal = sha256(raw).hexdigest()[:16], str(number)
        if self.ordinals.get(ordinal) == digest:
            return True
        self.ordinals[ordinal] = digest
        if len(self.ordinals) > RECENT_ORDINALS:
            del self.ordinals[next(iter(self.ordinals))]
        return False
