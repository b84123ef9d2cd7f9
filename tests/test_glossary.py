"""Glossary: no second word of the table in `docs/architecture.md` names a module, a package or a public class."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.tidy.source import PACKAGES, PROJECT, Source, python_files

SECOND_WORDS = frozenset(
    {
        "chronicle",
        "corridor",
        "hall",
        "holdback",
        "intake",
        "journal",
        "listener",
        "logbook",
        "mended",
        "mending",
        "tail",
        "telling",
        "tending",
        "turning",
    }
)
"""What the glossary lists as replaced."""
GLOSSARY = PROJECT / "docs" / "architecture.md"


def names_of(source: Source) -> Iterator[str]:
    """The dotted name of a file, which has those of its packages, and its public classes."""
    yield source.module
    for node in source.tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


def words_of(name: str) -> set[str]:
    """The words a name is made of, in the singular."""
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)
    return {part for word in words for part in (word.lower(), word.lower().removesuffix("s"))}


def glossary() -> Iterator[tuple[str, str, str]]:
    """The rows of the table: word, meaning, and the words it replaces."""
    table = GLOSSARY.read_text(encoding="utf-8").partition("## Glossary")[2].partition("\n## ")[0]
    for line in re.findall(r"^\| (?!word |---)(.*) \|$", table, re.MULTILINE):
        word, meaning, instead = line.split("|")
        yield word.strip(), meaning.strip(), instead.strip()


def problems(source: Source) -> list[str]:
    """The names in a file that use a second word."""
    return [
        f"{source.path}: {name} says {', '.join(sorted(found))}; docs/architecture.md has the word for it"
        for name in names_of(source)
        if (found := words_of(name) & SECOND_WORDS)
    ]


def test_no_second_word_names_a_module_or_a_public_class() -> None:
    """Every module, package and public class of the three packages keeps to the glossary."""
    sources = python_files(*PACKAGES)
    assert sources
    assert not [problem for source in sources for problem in problems(source)]


def test_the_list_of_second_words_is_the_glossarys() -> None:
    """What the table says is replaced is what is looked for, and each row has a word and a meaning."""
    rows = list(glossary())
    assert all(word and meaning for word, meaning, _ in rows)
    replaced = {word for _, _, instead in rows for word in re.split(r",\s*", instead) if word}
    assert replaced == SECOND_WORDS


def test_second_words_are_found_wherever_they_stand() -> None:
    """In a module, in a package, in a class, alone or among others, in the plural too; a part of a word is none."""
    for path, text in [
        ("chatdoc/journal.py", ""),
        ("chatdoc/corridor/one.py", ""),
        ("chatdoc/engine/event_logbook.py", ""),
        ("chatdoc/one.py", "class EventJournal: ..."),
        ("chatdoc/one.py", "class Tellings: ..."),
    ]:
        assert problems(Source(path, text)), path
    for text in ("class Detail: ...", "class Challenge: ...", "class _Tail: ...", "journal = 1"):
        assert not problems(Source("chatdoc/one.py", text)), text
