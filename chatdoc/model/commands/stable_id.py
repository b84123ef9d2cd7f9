"""What an agent process says twice has one command id, so the receipt of the first time answers the second.

The id is made of what is said, never drawn: a process that repeats itself after a restart makes the same one.
"""

from __future__ import annotations

from hashlib import sha256

from chatdoc.model.ids import CommandId


def stable_id(prefix: str, *parts: str | int) -> CommandId:
    """The command id for what `parts` identify: `provider:codex:<32 hex digits>` for the prefix `provider:codex`.

    Parts are names the process itself gives (session, turn, item, what happened, its number), each hashed with its
    length and kind, so no two lists of parts share a hash input. A prefix that begins with `provider:` or `server:`
    says who speaks (`events/actor.py`). Raises ValueError without a prefix or without parts.
    """
    if not prefix or not parts:
        raise ValueError(
            f"expected a prefix and at least one part that says what the command is about,"
            f" got prefix {prefix!r} and {len(parts)} parts"
        )
    spelled = [f"{type(part).__name__}:{len(str(part))}:{part}" for part in (prefix, *parts)]
    digest = sha256("\x00".join(spelled).encode("utf-8", "surrogatepass")).hexdigest()
    return CommandId(f"{prefix}:{digest[:32]}")
