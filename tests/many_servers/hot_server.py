"""A server to which a document is hot at one command a second, so that a busy machine forwards, too.

python -m tests.many_servers.hot_server --store URL --port 0
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile

from chatdoc import open_store
from chatdoc.apps.server.run import listen, run
from chatdoc.serve import Limits, Rooms


async def _serve(folder: str, url: str, port: int) -> None:
    with open_store(url) as store:
        listening = listen("127.0.0.1", port)
        rooms = Rooms(folder, database=store, limits=Limits(hot_commands_per_second=1))
        await run(
            rooms,
            listening,
            lambda _: print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True),
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(_serve(made, given.store, given.port))
