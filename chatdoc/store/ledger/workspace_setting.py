"""Setting of a workspace: `[transcripts]` in `.chatdoc/settings.toml` says that transcripts are kept, and where."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from chatdoc.model.deferred_module import DeferredModule
from chatdoc.model.errors import UnreadableFile
from chatdoc.model.system_errors import read_failure
from chatdoc.store.ledger.project import read_if_there

if TYPE_CHECKING:
    import tomllib
else:  # Most workspaces have no such file.
    tomllib = DeferredModule("tomllib")

SETTINGS = Path(".chatdoc") / "settings.toml"


def transcripts_folder(workspace: Path) -> Path | None:
    """The folder below which transcripts of a workspace's documents are kept; None where nothing says so.

    `folder` is relative to the workspace, and the workspace itself without it; `enabled = false` switches it off.
    Raises UnreadableFile for a file that cannot be read or is no TOML, and for values that cannot be meant.
    """
    path = workspace / SETTINGS
    try:
        data = read_if_there(path)
    except OSError as error:
        raise read_failure(error, path, "Allow reading it, or move it away") from error
    if data is None:
        return None
    try:
        said = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{path} is no TOML", hint="Mend it, or move it away") from error
    table = said.get("transcripts")
    if table is None:
        return None
    if not isinstance(table, dict) or set(table) - {"enabled", "folder"}:
        raise _refused(path, "expected a table with `enabled` and `folder` alone")
    enabled, folder = table.get("enabled", True), table.get("folder", ".")
    if not isinstance(enabled, bool):
        raise _refused(path, "expected true or false for `enabled`")
    if not isinstance(folder, str) or not folder:
        raise _refused(path, "expected the path of a folder for `folder`")
    return workspace / folder if enabled else None


def _refused(path: Path, told: str) -> UnreadableFile:
    return UnreadableFile(
        f"{path}, [transcripts]: {told}", hint='Say, for example, folder = "." or enabled = false'
    )
