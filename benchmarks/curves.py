"""Cost curves: what one call costs while a document grows, drawn as SVG with both axes logarithmic."""

from __future__ import annotations

import math
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.data import ManualClock, text
from benchmarks.measure import seconds, typical
from benchmarks.sizes import QUICK
from benchmarks.stored import stored_document
from chatdoc import open_document

SIZES = (1_000, 10_000, 100_000, 1_000_000) if not QUICK else (100, 200)
PICTURE = Path(__file__).parent / "curves.svg"
_WIDTH, _HEIGHT, _LEFT, _TOP = 640, 360, 70, 20
_COLOURS = ("#1b6ca8", "#c0392b", "#1e8449", "#8e44ad", "#b9770e", "#34495e")


def measured(count: int) -> dict[str, float]:
    """Seconds for one call of each kind in a stored document of so many messages."""
    with tempfile.TemporaryDirectory(prefix="chatdoc-bench-") as name:
        document = stored_document(Path(name), count, "normal")
        path, thread_id = document.path, document.threads()[0].thread_id
        assert path is not None
        message_id = document.messages(thread_id, limit=1)[0].message_id
        calls: dict[str, Callable[[], object]] = {
            "append": lambda: document.send(thread_id, sender_id="ada", content=text(1)),
            "edit": lambda: document.edit(message_id, author_id="ada", content=text(2)),
            "check after a change": lambda: document.check(full=False),
            "last 50": lambda: document.messages(thread_id, limit=50),
        }
        found = {what: typical(call, 50) for what, call in calls.items()}
        found["save"] = seconds(document.save)
        document.close()
        found["open"] = seconds(
            lambda: open_document(path, clock=ManualClock(), random=random.randbytes).close()
        )
        return found


def drawn(points: dict[str, list[tuple[int, float]]]) -> str:
    """An SVG of curves by name, each of sizes and seconds."""
    sizes = [size for line in points.values() for size, _ in line]
    spent = [seconds_ for line in points.values() for _, seconds_ in line]
    low, high = math.floor(math.log10(min(spent))), math.ceil(math.log10(max(spent)))
    first, last = math.log10(min(sizes)), math.log10(max(sizes))

    def place(size: int, seconds_: float) -> tuple[float, float]:
        across = _LEFT + (math.log10(size) - first) / (last - first) * (_WIDTH - _LEFT - 170)
        down = _TOP + (high - math.log10(seconds_)) / (high - low) * (_HEIGHT - _TOP - 50)
        return round(across, 1), round(down, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif"'
        ' font-size="12" role="img" aria-label="What one call costs while a document grows">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
    ]
    for power in range(low, high + 1):
        x, y = place(min(sizes), 10.0**power)
        label = _spelled(power)
        parts.append(f'<line x1="{x}" x2="{place(max(sizes), 1)[0]}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 6}" y="{y + 4}" text-anchor="end">{label}</text>')
    for size in sorted(set(sizes)):
        x, y = place(size, 10.0**low)
        parts.append(f'<text x="{x}" y="{y + 20}" text-anchor="middle">{size:,}</text>')
    parts.append(f'<text x="{_LEFT}" y="{_HEIGHT - 8}">messages in the document</text>')
    names = sorted(points, key=lambda name: -points[name][-1][1])
    least = 0.0
    for colour, name in zip(_COLOURS, names, strict=False):
        line = [place(size, seconds_) for size, seconds_ in points[name]]
        path = " ".join(f"{x},{y}" for x, y in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in line]
        least = max(
            least + 15, line[-1][1]
        )  # Labels of curves that end close together stand below each other.
        parts.append(f'<text x="{line[-1][0] + 8}" y="{round(least + 4, 1)}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _spelled(power: int) -> str:
    """A power of ten of seconds, in a unit that keeps it short."""
    if power < -3:
        return f"{10 ** (power + 6):g} µs"
    return f"{10 ** (power + 3):g} ms" if power < 0 else f"{10**power} s"


def main() -> None:
    """Measure all sizes and write the picture; a quick run writes none."""
    points: dict[str, list[tuple[int, float]]] = {}
    for size in SIZES:
        for name, spent in measured(size).items():
            points.setdefault(name, []).append((size, spent))
    picture = drawn(points)
    if not QUICK:
        PICTURE.write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
