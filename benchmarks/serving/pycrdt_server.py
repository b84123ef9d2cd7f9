"""pycrdt-websocket under uvicorn, as its documentation starts it, or with one document in memory from the start."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import uvicorn
from pycrdt.websocket import ASGIServer, WebsocketServer, YRoom


async def main(port: int, name: str = "", update: str = "") -> None:
    """Serve until killed."""
    async with WebsocketServer(auto_clean_rooms=False) as rooms:
        if name:
            rooms.rooms[f"/{name}"] = room = YRoom()
            room.ydoc.apply_update(Path(update).read_bytes())
        config = uvicorn.Config(ASGIServer(rooms), port=port, log_level="error", ws_per_message_deflate=False)
        print("ready", flush=True)
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
