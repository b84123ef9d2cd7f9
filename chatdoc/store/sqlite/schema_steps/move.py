"""Step 6: where a document that was retired lives now, so that whoever comes to this store is told.

| table | one row is |
| --- | --- |
| `document_move` | the place the document lives at; of the retirement of that moment, and of no other one |
"""

from __future__ import annotations

NAME = "move"
STATEMENTS = (
    """CREATE TABLE document_move (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        place TEXT NOT NULL,
        retired_at_ms INTEGER NOT NULL
    )""",
)
