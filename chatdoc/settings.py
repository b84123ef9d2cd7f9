"""Settings from environment variables, all in one place: which session logs are read, and whether old files migrate."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from chatdoc.model.errors import ChatdocError

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


class SettingInvalid(ChatdocError):
    """An environment variable says something that cannot be meant."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment says; a source that it leaves open is on when its folder exists."""

    codex_enabled: bool | None = None
    claude_enabled: bool | None = None
    codex_roots: tuple[str, ...] = ()
    claude_roots: tuple[str, ...] = ()
    schema_v2: bool = True

    def roots(self, source: str) -> tuple[Path, ...]:
        """The folders in which a source's tool keeps its logs."""
        named = {"codex": self.codex_roots, "claude": self.claude_roots}
        return tuple(Path(one) for one in named.get(source, ()))

    def is_switched_off(self, source: str) -> bool:
        """Whether the environment says that a source is not to be read, wherever its logs lie; its imports stay."""
        return {"codex": self.codex_enabled, "claude": self.claude_enabled}.get(source) is False


def read_settings(environment: Mapping[str, str], home: Path) -> Settings:
    """The settings of an environment; raises SettingInvalid for a value that is none."""
    codex = environment.get("CODEX_SESSIONS_DIR")
    claude = environment.get("CLAUDE_SESSIONS_DIR")
    codex_home, claude_home = home / ".codex", home / ".claude"
    return Settings(
        codex_enabled=_switch(environment, "ENABLE_CODEX_SOURCE"),
        claude_enabled=_switch(environment, "ENABLE_CLAUDE_SOURCE"),
        codex_roots=(codex,)
        if codex
        else (str(codex_home / "sessions"), str(codex_home / "archived_sessions")),
        claude_roots=(claude,) if claude else (str(claude_home / "projects"),),
        schema_v2=migrates_old_files(environment),
    )


def migrates_old_files(environment: Mapping[str, str]) -> bool:
    """Whether opening an old file migrates it, or shows it to be read only; raises SettingInvalid."""
    return _switch(environment, "CHATDOC_SCHEMA_V2") is not False


def compacts_by_itself(environment: Mapping[str, str]) -> bool:
    """Whether a long log is sealed when its document is saved or closed; raises SettingInvalid."""
    return _switch(environment, "CHATDOC_COMPACT") is not False


def _switch(environment: Mapping[str, str], name: str) -> bool | None:
    said = environment.get(name, "").strip().lower()
    if not said:
        return None
    if said in _TRUE:
        return True
    if said in _FALSE:
        return False
    raise SettingInvalid(
        f"{name}: expected one of {', '.join(sorted(_TRUE | _FALSE))}, got {len(said)} other characters",
        hint=f"Set {name}=1 or {name}=0, or unset it",
    )
