"""`chatdoc serve` opens a folder of chats for browsers, editors and agents, on this machine unless told otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from chatdoc.apps.cli.terminal import console, show
from chatdoc.database import open_store
from chatdoc.model.errors import CommandRefused

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command("serve")
@click.argument("folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--store",
    metavar="URL",
    help="postgresql://…: serve the documents of that database.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Who may come in, one a line: TOKEN [USER [read|write|any]].",
)
@click.option("--allow-host", multiple=True, metavar="NAME", help="A name this server is called by.")
@click.option(
    "--allow-origin", multiple=True, metavar="ORIGIN", help="Pages of another server that may use it."
)
def serve(
    folder: Path | None,
    store: str | None,
    host: str,
    port: int,
    token_file: Path | None,
    allow_host: tuple[str, ...],
    allow_origin: tuple[str, ...],
) -> None:
    """Serve the chats of FOLDER over websocket and HTTP until Ctrl-C.

    Yjs clients connect to ws://HOST:PORT/sync/<path of the document>; the chat page is at /, the debug page at
    /debug. Beyond this machine it serves only with --token-file.
    """
    if (folder is None) == (store is None):
        raise click.UsageError("name the FOLDER to serve, or else the database with --store URL, not both")
    if host not in LOOPBACK and token_file is None:
        raise click.UsageError(f"--host {host} can be reached by others: give --token-file too")
    server = _server()
    authenticate = None
    if token_file is not None:
        authenticate = server.credentials.read_token_file(token_file)
    closing = contextlib.ExitStack()
    database = None if store is None else closing.enter_context(open_store(store))
    if database is not None:
        database.join()
    rooms = server.rooms.Rooms(
        folder or closing.enter_context(TemporaryDirectory()),
        database=database,
        authenticate=authenticate,
        allowed_hosts=(host, *allow_host),
        allowed_origins=allow_origin,
        limits=server.run.within_files(server.limits.Limits()),
    )
    listening = server.run.listen(host, port)
    name = f"[{host}]" if ":" in host else host
    address = f"http://{name}:{listening.getsockname()[1]}"

    def on_ready(stop: object) -> None:
        screen = console()
        show(screen, f"serving {folder or (database and database.name)} at {address}")
        show(screen, f"sync {address.replace('http', 'ws', 1)}/sync/<document>, debug page {address}/debug")

    # What was loaded stays: looking through it held up every room for 20 to 35 ms, some times a minute; 11 are left.
    gc.collect()
    gc.freeze()
    with closing:
        asyncio.run(server.run.run(rooms, listening, on_ready))


class _Modules:
    """The rooms of the server, which need libraries that only the extra brings; loaded when they are asked for."""

    def __getattr__(self, name: str) -> Any:
        return import_module(f"chatdoc.apps.server.{name}")


def _server() -> _Modules:
    modules = _Modules()
    try:
        _ = modules.run, modules.rooms, modules.credentials
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("chatdoc", "invariants", "migrate"):
            raise
        raise CommandRefused(
            f"chatdoc serve needs {error.name}, which is not installed", hint="pip install 'chatdoc[server]'"
        ) from error
    return modules
