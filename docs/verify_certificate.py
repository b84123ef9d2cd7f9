"""Checks a certificate of `chatdoc audit --certificate` against logs and documents; needs Python and nothing else.

    python3 docs/verify_certificate.py CERTIFICATE [ROOT]

Logs and documents are those that the certificate names, relative to where this is run. ROOT is the one that whoever
made the certificate told you: with it a certificate that was made anew is refused, too. Exit status 0 says proven.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from typing import Any

FATES = {"record", "activity", "attic", "unknown", "quarantined", "blank", "unfinished"}


def leaf(value: Any) -> bytes:
    """The hash of a value, or of bytes."""
    if not isinstance(value, bytes):
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return sha256(b"\0" + value).digest()


def merkle(level: list[bytes]) -> str:
    """The root over leaves: pairs are hashed, an odd one moves up."""
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        odd = level[-1:] if len(level) % 2 else []
        level = [sha256(b"\1" + one + two).digest() for one, two in pairs] + odd
    return level[0].hex()


def shown_in(document: str) -> set[tuple[str, str]]:
    """What a `.chat` text holds: each message with each of its texts, and each attic row."""
    shown = set()
    with open(document, encoding="utf-8") as rows:
        for row in map(json.loads, rows):
            texts = [(row["message_id"], entry["content"]) for entry in row.get("history", ())]
            texts += [("attic", row["text"])] if row.get("event") == "attic" else []
            shown |= {
                (name, sha256(text.encode("utf-8", "surrogatepass")).hexdigest()) for name, text in texts
            }
    return shown


def check(log: dict[str, Any], shown: set[tuple[str, str]]) -> None:
    """Raise ValueError where a log, its lines or what was made of them are not as certified."""
    with open(log["path"], "rb") as file:
        raw = file.read(log["bytes"])
    place = 0
    for count, (number, start, end, digest, fate, made, left) in enumerate(log["lines"], 1):
        piece, where = raw[start:end], f"{log['path']}, line {count}"
        expect(number == count and start == place and end > start, f"{where}: its place is wrong")
        expect(b"\n" not in piece[:-1], f"{where}: it is more than one line")
        expect(piece.endswith(b"\n") or end == len(raw), f"{where}: it is a part of a line")
        expect(sha256(piece).hexdigest() == digest, f"{where}: its bytes are others")
        expect(fate in FATES and (fate != "blank" or not piece.strip()), f"{where}: its fate is wrong")
        expect(fate != "unfinished" or not piece.endswith(b"\n"), f"{where}: it is not unfinished")
        kept = fate in ("attic", "unknown", "quarantined")
        expect(not kept or bool(made) != bool(left), f"{where}: nothing says where it was kept")
        expect(kept or not left, f"{where}: a line that is shown was not left")
        missing = {tuple(one) for one in made} - shown
        expect(not missing, f"{where}: the document lacks {sorted(name for name, _ in missing)}")
        place = end
    expect(place == log["bytes"] == len(raw), f"{log['path']}: {place} of {len(raw)} bytes are certified")
    head = [log["source"], log["session"], log["bytes"], len(log["lines"])]
    root = merkle([leaf(head), *(leaf(line) for line in log["lines"])])
    expect(root == log["root"], f"{log['path']}: its root is wrong")


def expect(holds: bool, problem: str) -> None:
    """Raise ValueError unless something holds."""
    if not holds:
        raise ValueError(problem)


def main(arguments: list[str]) -> int:
    """Check the certificate named on the command line."""
    with open(arguments[0], encoding="utf-8") as file:
        told = json.load(file)
    try:
        expect(told["version"] == 1, "this checks version 1")
        shown = {document: shown_in(document) for document in {log["document"] for log in told["logs"]}}
        for log in told["logs"]:
            check(log, shown[log["document"]])
        root = merkle([leaf(bytes.fromhex(log["root"])) for log in told["logs"]] or [leaf(b"")])
        expect(root == told["root"], "the root of the certificate is wrong")
        expect(len(arguments) < 2 or arguments[1] == root, "the root is not the one you were told")
    except (ValueError, KeyError, TypeError, OSError) as error:
        print(f"refused: {error}")
        return 1
    lines = sum(len(log["lines"]) for log in told["logs"])
    print(f"proven: {lines} lines of {len(told['logs'])} logs, root {root}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
