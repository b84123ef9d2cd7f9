"""Our own v2 text, as this program wrote it or as somebody changed it by hand."""
