"""`chatdoc mcp` lets an assistant read the chats of a folder (Model Context Protocol), and write where it may."""

from __future__ import annotations

from pathlib import Path

import click

from chatdoc.apps.cli.optional import load_optional
from chatdoc.apps.mcp.folder_tools import FolderTools
from chatdoc.model.arguments import require_name


@click.command("mcp")
@click.argument("folder", default=".", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--write", is_flag=True, help="Let it send messages and reply, too.")
@click.option(
    "--sender", default="assistant", show_default=True, metavar="NAME", help="Whose messages those are."
)
def mcp(folder: Path, write: bool, sender: str) -> None:
    """Let an assistant read the chats of FOLDER (Model Context Protocol).

    It speaks over standard input and output with the program that starts it: list, read, search and check. Without
    --write it changes no chat. With it, sending to a chat opens it as `chatdoc open` does.
    """
    require_name("--sender", sender)
    server = load_optional("chatdoc.apps.mcp.server", "mcp")
    server.serve_stdio(FolderTools(folder, sender_id=sender), write=write)
