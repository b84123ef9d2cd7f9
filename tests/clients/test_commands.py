"""The commands of the JavaScript client are those of the server."""

from __future__ import annotations

import re

from chatdoc.apps.server.command_specs import SPECS
from tests.clients.js_package import PACKAGE

SOURCE = (PACKAGE / "src" / "document.js").read_text(encoding="utf-8")


def test_author_of_each_command_stands_in_the_field_the_server_reads() -> None:
    """The client fills in the user under the very names that the server takes for the author's."""
    table = SOURCE.split("const AUTHORS = {")[1].split("}")[0]
    named = dict(re.findall(r"(\w+): '(\w+)'", table))
    assert named == {kind: spec.author for kind, spec in SPECS.items() if spec.author is not None}


def test_methods_give_what_the_server_knows() -> None:
    """Each method's command is one of the server's, and names fields that it requires or may have."""
    methods = re.findall(r"\n  (\w+) \([^\n]*\) \{ return this\.command\('(\w+)'", SOURCE)
    assert len(methods) > 12
    for name, kind in methods:
        spec = SPECS[kind]
        comment = SOURCE.split(f"\n  {name} (")[0].rpartition("/**")[2]
        given = set(re.findall(r"(\w+)\??: (?:string|object|boolean)", comment))
        assert given <= {*spec.required, *spec.optional}, name
