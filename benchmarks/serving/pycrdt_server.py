"""pycrdt-websocket under uvicorn, as its documentation starts it."""

from __future__ import annotations

import asyncio
import sys

import uvicorn
from pycrdt.websocket import ASGIServer, WebsocketServer


async def main(port: int) -> None:
    """Serve until killed."""
    async with WebsocketServer() as rooms:
        config = uvicorn.Config(ASGIServer(rooms), port=port, log_level="error", ws_per_message_deflate=False)
        print("ready", flush=True)
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
