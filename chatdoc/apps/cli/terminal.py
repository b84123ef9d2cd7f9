"""What the command line prints is safe for any terminal, plain when no terminal reads it, and JSON when asked."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, TypeVar
from unicodedata import category

import click
import msgspec
from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Column, Table
from rich.text import Text

from chatdoc.model.errors import ChatdocError

PLAIN_WIDTH = 120
"""Columns of titles and events that no terminal reads: they are cut at the same place everywhere."""
_UNBOUNDED = 1 << 16
RECORDS_BELOW = 60
"""Columns of a screen below which a table that does not fit is shown row by row, a heading before each cell."""

_JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
_WANTS_JSON = "chatdoc.json"
_WANTS_LINES = "chatdoc.json-lines"
_Command = TypeVar("_Command", bound=Callable[..., Any])


def json_option(command: _Command) -> _Command:
    """Adds `--json`, passed on as `as_json`; errors are then JSON too."""

    def remember(context: click.Context, _: click.Parameter, value: bool) -> bool:
        context.meta[_WANTS_JSON] = value
        return value

    option = click.option(
        "--json",
        "as_json",
        is_flag=True,
        is_eager=True,
        callback=remember,
        help="Print JSON with stable keys.",
    )
    return option(command)


def json_lines() -> None:
    """What the running command prints is one JSON value a line, an error too."""
    click.get_current_context().meta[_WANTS_LINES] = True


def is_terminal() -> bool:
    """Whether a person reads standard output; a program that was started without one has none."""
    return sys.stdout is not None and sys.stdout.isatty()


def console() -> Console:
    """The console on standard output; without a terminal it has no colours, and folds nothing: a line is a row."""
    wide = None if is_terminal() else _UNBOUNDED
    return Console(file=sys.stdout, width=wide, highlight=False, markup=False, emoji=False)


def columns(screen: Console) -> int:
    """How many columns there are for what is cut to fit."""
    return screen.width if is_terminal() else PLAIN_WIDTH


def table(*columns: str, numbers: tuple[str, ...] = (), whole: tuple[str, ...] = ()) -> Table:
    """An empty table with these headings; `numbers` are aligned to the right, `whole` ones are never wrapped."""
    grid = _SafeTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        justify: Literal["left", "right"] = "right" if column in numbers else "left"
        grid.add_column(column, justify=justify, overflow="fold", no_wrap=column in whole)
    return grid


def show(screen: Console, *things: RenderableType) -> None:
    """Prints things below each other, safe; without a terminal, lines are neither wrapped nor filled up with spaces."""
    for given in things:
        thing = safe(given) if isinstance(given, str) else given
        if screen.is_terminal:
            screen.print(thing)
            continue
        with screen.capture() as captured:
            screen.print(thing, soft_wrap=isinstance(thing, str))
        click.echo("\n".join(row.rstrip() for row in captured.get().rstrip("\n").split("\n")))


class _SafeTable(Table):
    """A table whose cells are safe, whoever fills them; on a narrow screen each row that does not fit is a record."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table as it is drawn; where its cells would be folded into columns of letters, its rows as records."""
        natural = self.__rich_measure__(console, options.update(max_width=_UNBOUNDED)).maximum
        if options.max_width >= RECORDS_BELOW or natural <= options.max_width:
            yield from super().__rich_console__(console, options)
            return
        heads = [str(column.header) for column in self.columns]
        for at, cells in enumerate(zip(*(column.cells for column in self.columns), strict=True)):
            record = Table.grid("", Column(overflow="fold"), padding=(0, 2, 0, 0))
            for head, cell in zip(heads, cells, strict=True):
                if str(cell):
                    record.add_row(head, cell)
            if at and str(cells[0]):  # A row without its first cell goes on with the row before it.
                yield ""
            yield record

    def add_row(self, *cells: RenderableType | None, **style: Any) -> None:
        """Adds a row; texts in it are made safe."""
        super().add_row(*(safe(one) if isinstance(one, str) else one for one in cells), **style)


def say(text: str, *, err: bool = False) -> None:
    """Prints a line, safe, on standard output or standard error."""
    click.echo(safe(text), err=err)


def safe(text: str) -> str:
    """The text without what steers a terminal or turns the direction of writing; lines stay lines.

    Whatever is printed goes through this, names of files too; JSON has escapes for the same characters.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if character != "\n" and steers(character) else character
        for character in text
    )


def steers(character: str) -> bool:
    """Whether a terminal obeys the character: a control, a mark of direction, half of a character."""
    return category(character) in {"Cc", "Cf", "Cs"} and character not in _JOINERS


def json_text(raw: bytes) -> str:
    """JSON as it can be printed: equal, with an escape for each character that steers a terminal."""
    text = raw.decode()
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(
        _escape(character) if character not in "\n\r\t" and steers(character) else character
        for character in text
    )


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{int.from_bytes(units[at : at + 2]):04x}" for at in range(0, len(units), 2))


def line(text: str, length: int | None = None) -> Text:
    """The safe text on one line, cut with an ellipsis when it is longer than `length` characters."""
    plain = safe(" ".join(text.split()))
    return Text(plain if length is None or len(plain) <= length else plain[: length - 1].rstrip() + "…")


def cell(text: str, width: int) -> str:
    """The safe text on one line in just so many columns of a screen, cut with an ellipsis or filled with spaces."""
    fitted = line(text)
    fitted.truncate(width, overflow="ellipsis", pad=True)
    return fitted.plain


def spelled(path: Path) -> str:
    """A path as text that UTF-8 can carry, also where its bytes are no UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def beside(asked: Path, file: Path) -> str:
    """The path of a file from where the user is, as the folder or file that was asked for was given."""
    is_below = asked.is_dir() and file.is_relative_to(os.path.realpath(asked))
    folder = asked if is_below else asked.parent  # A folder may have the name of the file now.
    return spelled(folder / os.path.relpath(file, os.path.realpath(folder)))


def print_json(value: object, *, indent: int = 2) -> None:
    """Writes a value as JSON and a line end, on one line without indent; Structs become objects."""
    try:
        raw = msgspec.json.encode(value)
    except UnicodeEncodeError:  # The name of a file that is no UTF-8.
        raw = msgspec.json.encode(_carried(msgspec.to_builtins(value)))
    click.echo(json_text(msgspec.json.format(raw, indent=indent) if indent else raw))


def _carried(value: Any) -> Any:
    """A JSON value with each text as UTF-8 can carry it."""
    if isinstance(value, dict):
        return {name: _carried(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_carried(inner) for inner in value]
    return (
        value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        if isinstance(value, str)
        else value
    )


def reason(error: ChatdocError | OSError) -> tuple[str, str]:
    """What went wrong and what to do about it, as texts that UTF-8 can carry."""
    message, hint = str(error), ""
    if isinstance(error, ChatdocError):
        hint = error.hint
        message = message.removesuffix(f". {hint}") if hint else message
    elif error.strerror and error.filename:
        message = f"{error.strerror}: {os.fsdecode(error.filename)}"
    elif isinstance(error, FileNotFoundError):
        message, hint = "the current folder is not there any more", "Change into a folder that is there"
    return message.encode("utf-8", "backslashreplace").decode(), hint


def print_error(error: ChatdocError | OSError, **more: object) -> None:
    """`error: …` on standard error with the hint on the next line; also as JSON on standard output where asked.

    The JSON has what else is known, too.
    """
    message, hint = reason(error)
    context = click.get_current_context(silent=True)
    if context is not None and context.meta.get(_WANTS_JSON):
        indent = 0 if context.meta.get(_WANTS_LINES) else 2
        kind = type(error).__name__
        with suppress(OSError):  # It may be standard output itself that takes nothing.
            print_json({"ok": False, "error": message, "hint": hint, "kind": kind, **more}, indent=indent)
    click.echo(f"error: {line(message)}", err=True)
    if hint:
        click.echo(f"hint: {line(hint)}", err=True)


def print_misuse(message: str, whole: str, *, as_json: bool) -> None:
    """What a command cannot be begun with, as click says it on standard error; also as one line of JSON where asked."""
    if as_json:
        hint = "`--help` says what the command takes"
        with suppress(OSError):
            print_json({"ok": False, "error": message, "hint": hint, "kind": "Misuse"}, indent=0)
    say(whole.rstrip("\n").expandtabs(2), err=True)


def conclude(ok: bool) -> None:
    """Ends the command with status 0 when all is good, with 1 when violations or failures were shown."""
    if not ok:
        raise click.exceptions.Exit(1)
