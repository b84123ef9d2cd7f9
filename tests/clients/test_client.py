"""The JavaScript client's own tests hold, and its sources are what their comments say of types."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.js_package import PACKAGE, node

pytestmark = pytest.mark.usefixtures("js")


def test_own_tests_of_the_client_hold() -> None:
    """`npm test` passes: vectors, commands, synchronisation."""
    tests = [str(path) for path in sorted(PACKAGE.glob("test/*.test.js"))]
    came = node("--test", "--test-reporter=dot", *tests)
    assert came.returncode == 0, (came.stdout + came.stderr)[-4000:]


def test_types_in_comments_are_right() -> None:
    """The TypeScript compiler, at its strictest, finds nothing to say about the sources."""
    came = node("node_modules/typescript/bin/tsc", "-p", "tsconfig.json")
    assert came.returncode == 0, came.stdout[-4000:]


def test_declarations_for_typescript_are_made_of_the_comments(tmp_path: Path) -> None:
    """What `npm pack` puts beside the sources lets a strict TypeScript program use the client, and see a wrong use."""
    came = node("node_modules/typescript/bin/tsc", "-p", "tsconfig.types.json", "--outDir", str(tmp_path))
    assert came.returncode == 0, came.stdout[-4000:]
    uses = {"right": "doc.messages('x').map((one) => one.content.length)", "wrong": "doc.messages(7)"}
    for name, line in uses.items():
        (tmp_path / f"{name}.ts").write_text(
            f"import {{ ChatDocument }} from './index.js'\ndeclare const doc: ChatDocument\n{line}\n"
        )
    compiled = node(
        "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext",
        "--target", "es2022", "--typeRoots", str(PACKAGE / "node_modules" / "@types"), "--types", "node",
        *(str(tmp_path / f"{name}.ts") for name in uses),
    )  # fmt: skip
    assert compiled.returncode != 0
    (found,) = [line for line in compiled.stdout.splitlines() if "error TS" in line]
    assert "wrong.ts(3," in found
