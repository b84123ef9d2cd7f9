"""File type of chats on a Jupyter server: what its pages and its contents call a `.chat` file of version 2."""

from __future__ import annotations

import mimetypes
from typing import Any

FILE_TYPE = {
    "name": "chatdoc",
    "displayName": "Chat",
    "contentType": "chatdoc",
    "fileFormat": "text",
    "mimeTypes": ["text/x-chatdoc"],
    "extensions": [".chat", ".sage-chat"],
}
"""As `docRegistry.addFileType` takes it; `contentType` is the document type of the collaboration."""


def register(server: Any) -> None:
    """Tell a Jupyter server's pages of the file type, as `fileTypes.chatdoc` of their page config.

    A page that has its own idea of it keeps that. `.chat` files are text also where nobody says so.
    """
    for extension in FILE_TYPE["extensions"]:
        mimetypes.add_type("text/x-chatdoc", extension)
    page = server.web_app.settings.setdefault("page_config_data", {})
    page.setdefault("fileTypes", {}).setdefault("chatdoc", FILE_TYPE)
    server.log.info("chatdoc: the file type `chatdoc` is registered")
