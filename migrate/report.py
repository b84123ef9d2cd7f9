"""A report accounts for every line of a source: what became of it, and what was decided where it was odd."""

from __future__ import annotations

import msgspec


class Anomaly(msgspec.Struct, frozen=True, kw_only=True):
    """Something odd, where it stood and what was made of it; `line` counts from 1, `subject` is the record's id."""

    code: str
    line: int | None = None
    subject: str | None = None
    detail: str
    decision: str


class MigrationReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a migration read and made.

    `lines` has `total` and, adding up to it, what the lines became: `blank`, `record`, `attic`, `quarantined`,
    `duplicate`. `counts` says how many records and facts there are now. `steps` are the ids of the steps that ran.
    """

    format: str
    source_digest: str
    source_bytes: int
    steps: tuple[str, ...] = ()
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    anomalies: tuple[Anomaly, ...] = ()

    def __post_init__(self) -> None:
        parts = sum(count for name, count in self.lines.items() if name != "total")
        assert parts == self.lines.get("total", 0), f"expected {self.lines.get('total')} lines, found {parts}"

    def to_json(self) -> bytes:
        """The report as JSON with stable keys, two spaces deep, its last line ended."""
        return msgspec.json.format(msgspec.json.encode(self, order="deterministic"), indent=2) + b"\n"

    def to_text(self) -> str:
        """The report for people: one line on the source, one on its lines, the records, then every anomaly."""
        became = ", ".join(
            f"{count} {name}" for name, count in self.lines.items() if name != "total" and count
        )
        made = ", ".join(f"{count} {name}" for name, count in self.counts.items() if count)
        out = [f"{self.format}: {self.source_bytes} bytes, SHA-256 {self.source_digest[:16]}…"]
        if (
            made or self.lines.get("total") or not self.anomalies
        ):  # What is said of the file alone has no lines.
            out += [f"{self.lines.get('total', 0)} lines: {became or 'nothing'}", f"now: {made or 'nothing'}"]
        for one in self.anomalies:
            place = f"line {one.line}" if one.line is not None else one.subject or "the file"
            out.append(f"  {place}: {one.code}: {one.detail}; {one.decision}")
        return "\n".join(out) + "\n"


def sorted_anomalies(anomalies: list[Anomaly]) -> tuple[Anomaly, ...]:
    """Anomalies by line, code and subject, those of no line first."""
    return tuple(
        sorted(
            anomalies, key=lambda one: (one.line or 0, one.code, one.subject or "", one.detail, one.decision)
        )
    )
