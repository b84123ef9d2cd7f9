"""The bundle that a server serves is built from the sources beside it, and names the licences of what is in it."""

from __future__ import annotations

import re
from hashlib import sha256

from tests.clients.js_package import PACKAGE

BUNDLE_BYTES_MAX = 150_000


def test_bundle_is_built_from_the_sources_beside_it() -> None:
    """The digest in its first line is that of the sources; `npm run build` in clients/js makes both agree."""
    hashed = sha256()
    for path in sorted((PACKAGE / "src").glob("*.js"), key=lambda path: path.name):
        hashed.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    first = (PACKAGE / "dist" / "chatdoc-client.js").read_text(encoding="utf-8").split("\n", 1)[0]
    assert f"sources {hashed.hexdigest()[:16]};" in first, "run `npm run build` in clients/js"


def test_bundle_is_small_and_needs_nothing_else() -> None:
    """It imports nothing, evaluates no text as code, and stays below 150 KB."""
    text = (PACKAGE / "dist" / "chatdoc-client.js").read_text(encoding="utf-8")
    assert len(text.encode()) < BUNDLE_BYTES_MAX
    assert not re.search(r"\bimport\s*[({\"']|\beval\(|new Function\(", text)


def test_licence_texts_of_all_that_is_bundled_stand_beside_it() -> None:
    """Each library that the bundle's first line names has its licence text in LICENSES.md."""
    first = (PACKAGE / "dist" / "chatdoc-client.js").read_text(encoding="utf-8").split("\n", 1)[0]
    named = re.findall(r"([a-z0-9-]+) \d+\.\d+\.\d+", first)
    assert len(named) == 3
    licences = (PACKAGE / "LICENSES.md").read_text(encoding="utf-8")
    for library in named:
        section = licences.split(f"\n## {library}\n")[1].split("\n## ")[0]
        assert "Permission is hereby granted, free of charge" in section
