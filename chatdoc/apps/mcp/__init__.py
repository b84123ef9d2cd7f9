"""A Model Context Protocol server: assistants read the chats of a folder, and write to them where they may."""
