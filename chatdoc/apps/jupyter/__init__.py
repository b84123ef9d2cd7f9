"""Chats in JupyterLab's collaboration: the entry point of the document type, and the server extension.

Every `import jupyter_ydoc` loads this file and asks it for `YChatdoc`, so it loads nothing of chatdoc before a chat is
opened, and whatever is missing or broken fails the chat and never that import.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    if name != "YChatdoc":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        # First this: where Jupyter has not been imported yet, it asks for the type while it is, and gets it.
        import_module("jupyter_ydoc.ybasedoc")
        return import_module("chatdoc.apps.jupyter.document_type").YChatdoc
    except Exception as error:  # An error here would take every other document type with it.
        return _failing(error)


def _failing(error: Exception) -> type[Any]:
    class YChatdoc:
        """Stands for a document type that cannot be made: whoever opens a chat hears why."""

        def __init__(self, *_: Any, **__: Any) -> None:
            raise error

    return YChatdoc


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Where Jupyter Server finds the extension that registers the file type."""
    return [{"module": "chatdoc.apps.jupyter"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Register the file type; a server that is of another kind than expected goes on without."""
    import_module("chatdoc.apps.jupyter.file_type").register(server)
