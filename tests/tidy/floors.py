"""Imports only go down: the house as a table of rooms, and what each room may not touch."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.tidy.source import PACKAGES, Source, imports

# From the ground up: a room imports itself and what stands above it here; rooms on one line are strangers.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("chatdoc.model",),
    ("chatdoc.crdt", "chatdoc.settings", "chatdoc.store", "invariants", "migrate"),
    ("chatdoc.store.ledger",),
    ("chatdoc.engine",),
    ("chatdoc.agents", "chatdoc.event_view"),
    ("chatdoc.document",),
    ("chatdoc.database", "chatdoc.read_only"),
    (
        "chatdoc.compact",
        "chatdoc.forget",
        "chatdoc.in_memory",
        "chatdoc.open",
        "chatdoc.recover",
        "chatdoc.rollback",
        "chatdoc.status",
        "chatdoc.verify",
        "chatdoc.workspace",
    ),
    ("chatdoc.cutover_sides", "chatdoc.transfer"),
    ("chatdoc.cutover",),
    ("chatdoc.testing",),
    ("chatdoc.apps",),
    ("chatdoc.serve",),
)

# Rooms that see less than the floors below them; within the model the records know nothing of commands or events.
MODEL = (
    "chatdoc.model.clock",
    "chatdoc.model.copy_json",
    "chatdoc.model.deferred_module",
    "chatdoc.model.delta",
    "chatdoc.model.errors",
    "chatdoc.model.facts",
    "chatdoc.model.html",
    "chatdoc.model.html_table",
    "chatdoc.model.ids",
    "chatdoc.model.limits",
    "chatdoc.model.records",
    "chatdoc.model.view",
)
NARROW: dict[str, tuple[str, ...]] = {
    "chatdoc.crdt": MODEL,
    "chatdoc.model.records": MODEL,
    "chatdoc.model.view": MODEL,
    "invariants": (*MODEL, "chatdoc.model.commands", "chatdoc.model.events"),
    "migrate": MODEL,
}

# A library, and the only room that knows it.
SOLE_ROOM = {
    "pycrdt": "chatdoc.crdt",
    "sqlite3": "chatdoc.store",
    "psycopg": "chatdoc.store",
    "click": "chatdoc.apps.cli",
    "rich": "chatdoc.apps.cli",
    "uvicorn": "chatdoc.apps.server",
    "mcp": "chatdoc.apps.mcp",
    "jupyter_server": "chatdoc.apps.jupyter",
    "jupyter_ydoc": "chatdoc.apps.jupyter",
}

# Where time and chance come in; everywhere else they are passed as arguments.
TIME_AND_CHANCE = ("time", "random", "uuid", "secrets", "os.urandom")
ALLOWED_THERE: dict[str, tuple[str, ...]] = {
    "chatdoc.model.clock": ("time",),
    "chatdoc.database": ("os.urandom",),
    "chatdoc.open": ("os.urandom", "secrets"),
    "chatdoc.read_only": ("os.urandom",),
    "chatdoc.recover": ("os.urandom",),
    "chatdoc.transfer": ("os.urandom",),
    "chatdoc.testing": ("random",),
    "chatdoc.apps.cli": ("secrets",),
    "chatdoc.apps.server": ("secrets",),
}
NOW = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today")
_LOOKED_AT = {name.rpartition(".")[2] for name in (*NOW, "os.urandom")}

# Packages of pure functions, and their files that may touch the disk.
PURE = ("migrate", "invariants")
DISK = ("os", "io", "pathlib", "shutil", "tempfile", "subprocess", "socket", "fcntl")
MAY_TOUCH_DISK: tuple[str, ...] = ()


def within(module: str, room: str) -> bool:
    """Whether a dotted name is a room or lies in it."""
    return module == room or module.startswith(room + ".")


def floor_of(module: str) -> tuple[int, str] | None:
    """The floor number and narrowest room of a dotted name, or None when the table has no such room."""
    holding = [
        (number, room) for number, rooms in enumerate(FLOORS) for room in rooms if within(module, room)
    ]
    return max(holding, key=lambda one: len(one[1]), default=None)


def floor_problems(source: Source) -> Iterator[str]:
    """Imports that go up or sideways, rooms without a floor, and libraries outside their only room."""
    if source.module == "chatdoc":
        yield from (
            f"{source.path}:{found.line}: the front door loads {found.name} before it is asked for"
            for found in imports(source)
            if within(found.name, "chatdoc") and not found.typing_only
        )
        return
    here = floor_of(source.module)
    if here is None:
        yield f"{source.path}: room {source.module} has no floor; give it one in tests/tidy/floors.py"
        return
    for found in imports(source):
        where = f"{source.path}:{found.line}"
        library = found.name.split(".")[0]
        if library in SOLE_ROOM and not within(source.module, SOLE_ROOM[library]):
            yield f"{where}: only {SOLE_ROOM[library]} imports {library}"
        if library not in PACKAGES:
            continue
        there = floor_of(found.name)
        if there is None:
            yield f"{where}: {found.name} has no floor; import the room that holds it"
        elif there[1] != here[1] and there[0] >= here[0]:
            yield f"{where}: {here[1]} (floor {here[0]}) imports {there[1]} (floor {there[0]}); imports only go down"
        for room, seen in NARROW.items():
            if within(source.module, room) and not any(within(found.name, one) for one in (room, *seen)):
                yield f"{where}: {room} sees {', '.join(seen)} only, not {found.name}"


def placement_problems(source: Source) -> Iterator[str]:
    """Imports inside functions and classes: they hide a dependency until it fails."""
    for found in imports(source):
        if found.inside:
            yield f"{source.path}:{found.line}: {found.name} is imported inside a function or class"


def chance_problems(source: Source) -> Iterator[str]:
    """Clocks and dice outside their rooms."""
    allowed = {name for room, names in ALLOWED_THERE.items() if within(source.module, room) for name in names}
    for found in imports(source):
        for banned in TIME_AND_CHANCE:
            if within(found.name, banned) and banned not in allowed:
                yield f"{source.path}:{found.line}: {banned} is not used here; take a clock or a random source"
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Attribute) or node.attr not in _LOOKED_AT:
            continue
        dotted = ast.unparse(node)
        if dotted == "os.urandom" and dotted not in allowed:
            yield f"{source.path}:{node.lineno}: {dotted} is not used here; take a random source"
        if dotted.endswith(NOW):
            yield f"{source.path}:{node.lineno}: {dotted} reads the machine's clock; take a Clock"


def purity_problems(source: Source) -> Iterator[str]:
    """Files of the pure packages that reach for the disk or the network."""
    if source.module.split(".")[0] not in PURE or source.module in MAY_TOUCH_DISK:
        return
    for found in imports(source):
        if found.name.split(".")[0] in DISK:
            yield f"{source.path}:{found.line}: {found.name} in a package of pure functions"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
            yield f"{source.path}:{node.lineno}: open() in a package of pure functions"


def cycle_problems(sources: list[Source]) -> Iterator[str]:
    """Modules that import each other in a circle, each circle once."""
    modules = {source.module for source in sources}
    edges: dict[str, list[str]] = {}
    for source in sources:
        names = {found.name for found in imports(source) if not found.typing_only}
        targets = {name if name in modules else name.rpartition(".")[0] for name in names}
        edges[source.module] = sorted((targets & modules) - {source.module})
    done: set[str] = set()

    def walk(module: str, path: tuple[str, ...]) -> Iterator[str]:
        if module in path:
            yield "imports in a circle: " + " -> ".join([*path[path.index(module) :], module])
        elif module not in done:
            for target in edges[module]:
                yield from walk(target, (*path, module))
            done.add(module)

    for module in sorted(edges):
        yield from walk(module, ())
