"""Rooms over websocket and HTTP: each open document is served to browsers, editors and agents by one process."""
