"""What a Claude reader knows between two lines, small and storable, so that reading goes on where it stopped."""

from __future__ import annotations

import msgspec

from migrate.session.item import Tokens

OPEN_MESSAGES = 64
"""So many API messages back further lines of one are looked for; between its lines stand only its own results."""


class ClaudeState(msgspec.Struct, omit_defaults=True):
    """Session, sub-agent, and what each of the latest API messages was counted with."""

    session_id: str = ""
    agent_id: str = ""
    is_sidechain: bool = False
    """Whether the file is a sub-agent's own; in other files each of its lines says so."""
    started_at: str | None = None
    cwd: str = ""
    version: str = ""
    model: str = ""
    tokens: Tokens | None = None
    recent: dict[str, Tokens] = {}

    def spend(self, message_id: str, figures: Tokens) -> Tokens | None:
        """What a line adds to its message: the last figures of an id count, so only what they have more."""
        before = self.recent.pop(message_id, None)
        self.recent[message_id] = figures
        if len(self.recent) > OPEN_MESSAGES:
            del self.recent[next(iter(self.recent))]
        if before == figures:
            return None
        spent = figures if before is None else figures.plus(before, -1)
        self.tokens = spent if self.tokens is None else self.tokens.plus(spent)
        return spent
