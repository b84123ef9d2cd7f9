"""A file says in one sentence what it promises, has one concept, and is short."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.tidy.source import Source

LINES_MAX = 300
LONGER = {"chatdoc/document.py": 576, "chatdoc/engine/engine.py": 347, "chatdoc/open.py": 360}
"""Faces, which are longer rather than cut into parents: what a user calls stands in one place."""
BANNED_NAMES = ("utils", "util", "helpers", "helper", "manager", "common", "misc", "shared")

# Written in two halves, so that this file does not break its own rule.
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b(?=:|\()")
FOREIGN = re.compile(
    r"(?<![\w.~-])/wo" r"rk\b(?!flow)"
    r"|\.\./sha" r"red\b"
    r"|(?<![\w.~-])/ro" r"ot\b"
    r"|py" r"pi\.org|python" r"hosted\.org|registry\.np" r"mjs|cra" r"tes\.io|proxy\.gol" r"ang"
    r"|arti" r"factory|index-ur" r"l\b"
)  # fmt: skip
LOCK_FILES = (
    "package-lock.json",
    "poetry.lock",
    "uv.lock",
    "yarn.lock",
    "pnpm-lock.yaml",
    "Pipfile.lock",
    "pdm.lock",
)


def length_problems(source: Source) -> Iterator[str]:
    """Files of more than 300 lines that are no face."""
    lines = source.text.count("\n")
    if lines > LONGER.get(source.path, LINES_MAX):
        yield f"{source.path}: {lines} lines, at most {LINES_MAX}; it holds more than one concept"


def name_problems(source: Source) -> Iterator[str]:
    """Files and folders named after nothing in particular."""
    for part in source.path.removesuffix(".py").split("/"):
        if part.strip("_") in BANNED_NAMES:
            yield f"{source.path}: {part!r} says nothing; name it after its concept"


def promise_problems(source: Source) -> Iterator[str]:
    """Files that do not begin with a whole sentence on one line."""
    text = ast.get_docstring(source.tree)
    if text is None:
        yield f"{source.path}: has no docstring; its first sentence is the promise of the file"
        return
    first = text.split("\n", 1)[0]
    if not first.endswith("."):
        yield f"{source.path}: the first line of its docstring is no whole sentence: {first!r}"


def docstring_problems(source: Source) -> Iterator[str]:
    """Public functions and classes without a docstring, or with one whose first paragraph is no sentence."""
    for node in source.tree.body:
        if not isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        ) or node.name.startswith("_"):
            continue
        text = ast.get_docstring(node)
        if text is None:
            yield f"{source.path}:{node.lineno}: {node.name} is public and has no docstring"
        elif not text.split("\n\n", 1)[0].rstrip().endswith((".", "?", ":", "```")):
            yield f"{source.path}:{node.lineno}: the docstring of {node.name} does not begin with a whole sentence"


def unfinished_problems(path: str, text: str) -> Iterator[str]:
    """Notes to oneself about work left undone."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := UNFINISHED.search(line):
            yield f"{path}:{number}: {found[0]}; finish it, or open an issue"


def foreign_problems(path: str, text: str) -> Iterator[str]:
    """Paths of somebody's machine and hosts of registries: the project must not depend on either."""
    if path.rpartition("/")[2] in LOCK_FILES:
        yield f"{path}: a lock file names a registry's host; the project keeps none"
    for number, line in enumerate(text.splitlines(), 1):
        if found := FOREIGN.search(line):
            yield f"{path}:{number}: names {found[0]}, which other machines do not have"
