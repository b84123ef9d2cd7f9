"""A source file is a value: its path in the project, its dotted name, its text and its syntax tree."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PACKAGES = ("chatdoc", "migrate", "invariants")
TEXT_SUFFIXES = frozenset(
    {"", ".py", ".md", ".toml", ".txt", ".json", ".jsonl", ".js", ".mjs", ".cfg", ".chat", ".sage-chat"}
)


@dataclass(frozen=True)
class Source:
    """One Python file; `path` is relative to the project, with forward slashes."""

    path: str
    text: str

    @property
    def module(self) -> str:
        """The dotted name under which the file is imported."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def is_package(self) -> bool:
        """Whether the file is a package's `__init__.py`."""
        return self.path.endswith("__init__.py")

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of the text."""
        return ast.parse(self.text, self.path)


@dataclass(frozen=True)
class Import:
    """One imported module or name; `inside` is true within a function or class, `typing_only` under TYPE_CHECKING."""

    name: str
    line: int
    inside: bool
    typing_only: bool


@cache
def imports(source: Source) -> tuple[Import, ...]:
    """Every import of a file, as dotted names; of `from a import b` comes `a.b`, relative ones made absolute."""
    return tuple(_imports_in(source, source.tree.body, inside=False, typing_only=False))


def _imports_in(source: Source, body: list[ast.stmt], *, inside: bool, typing_only: bool) -> Iterator[Import]:
    for node in body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, inside, typing_only)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = source.module.split(".")
                keep = len(parts) - node.level + source.is_package
                base = ".".join([*parts[:keep], *([base] if base else [])])
            for alias in node.names:
                yield Import(f"{base}.{alias.name}", node.lineno, inside, typing_only)
        else:
            for block in ("body", "orelse", "finalbody", "handlers", "cases"):
                children = getattr(node, block, [])
                deeper = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                guarded = (
                    isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and block == "body"
                )
                yield from _imports_in(
                    source, children, inside=inside or deeper, typing_only=typing_only or guarded
                )


def python_files(*folders: str) -> list[Source]:
    """The Python files below folders of the project, sorted by path."""
    return [
        Source(path.relative_to(PROJECT).as_posix(), path.read_text(encoding="utf-8"))
        for folder in folders
        for path in sorted((PROJECT / folder).rglob("*.py"))
    ]


def ignored_names() -> set[str]:
    """What `.gitignore` names, without trailing slashes, and git's own folder."""
    lines = (PROJECT / ".gitignore").read_text(encoding="utf-8").split()
    return {line.rstrip("/") for line in lines} | {".git"}


def text_files() -> Iterator[tuple[str, str]]:
    """Path and text of every text file of the project; bytes that are no UTF-8 are replaced."""
    ignored = ignored_names()
    for folder, folders, names in os.walk(PROJECT):
        folders[:] = sorted({*folders} - ignored)  # Environments and packages are large, and not entered.
        for name in sorted({*names} - ignored):
            path = Path(folder, name)
            if path.suffix in TEXT_SUFFIXES and path.is_file():
                relative = path.relative_to(PROJECT).as_posix()
                yield relative, path.read_text(encoding="utf-8", errors="replace")
