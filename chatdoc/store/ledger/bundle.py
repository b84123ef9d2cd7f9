"""Reliability bundle: status, markers, parity and versions of a project in one zip, without a word of its texts."""

from __future__ import annotations

import io
import zipfile
from hashlib import sha256
from typing import Any

import msgspec

from chatdoc.model.errors import UnreadableFile
from chatdoc.store.ledger.parity import with_ledgers
from chatdoc.store.ledger.project import Project
from chatdoc.store.ledger.validate import CONTRACT, everyone, statuses, validate
from migrate.transcript.turn import whole_seconds

_DATE = (1980, 1, 1, 0, 0, 0)
"""The date of every file in it, so that equal projects give equal bundles."""


def bundle(project: Project, *, now_iso: str, versions: dict[str, str]) -> bytes:
    """The zip; `versions` names the programs that made it."""
    with project.listed_once():
        return _packed(project, everyone(project), now_iso, versions)


def _packed(project: Project, thread_ids: list[str], now_iso: str, versions: dict[str, str]) -> bytes:
    parts: dict[str, Any] = {
        "manifest.json": {
            "schemaVersion": 1,
            "createdAt": whole_seconds(now_iso),
            "contract": CONTRACT,
            "versions": versions,
            "threadCount": len(thread_ids),
        },
        "status.json": statuses(project),
        "validation.json": validate(project),
        "parity.json": with_ledgers(project, thread_ids),
        "files.json": [_files(project, thread_id) for thread_id in thread_ids],
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, value in parts.items():
            text = msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2)
            packed.writestr(zipfile.ZipInfo(name, _DATE), text)
    return out.getvalue()


def _files(project: Project, thread_id: str) -> dict[str, Any]:
    """Size and digest of each file of a thread, or that it cannot be read; no path, for that may name people."""
    paths = {
        "transcript": project.transcript(thread_id),
        "ledger": project.ledger(thread_id),
        "marker": project.marker(thread_id),
    }
    found: dict[str, Any] = {"threadID": thread_id}
    for name, path in paths.items():
        try:
            data = project.read(path)
        except UnreadableFile:
            found[name] = "unreadable"
            continue
        found[name] = None if data is None else {"bytes": len(data), "sha256": sha256(data).hexdigest()}
    return found
