"""Draw digital signals over time as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

LABEL_WIDTH = 96.0
ROW_HEIGHT = 30.0
SWING = 16.0
"""from low to high"""
TOP = 34.0
STYLE = (
    "text{font:12px sans-serif;fill:#222}.grid{stroke:#ddd}.mark{stroke:#c33;stroke-dasharray:3 3}"
    ".wave{stroke:#0050a0;stroke-width:1.6;fill:none}.note{font-size:10px;fill:#666}"
)


@dataclass(frozen=True, slots=True)
class Signal:
    """A line of a diagram: its level at the left edge, and the times at which that changes."""

    label: str
    level: bool
    changes_us: Sequence[float]


@dataclass(frozen=True, slots=True)
class Axis:
    """What time is shown, and how wide."""

    start_us: float
    end_us: float
    pixels_per_us: float
    grid_us: float
    label_us: float

    def x(self, time_us: float) -> float:
        """Return the place of a time in pixels."""
        return LABEL_WIDTH + (time_us - self.start_us) * self.pixels_per_us

    def ticks(self, step_us: float) -> list[float]:
        """Return the multiples of a step that are shown."""
        first = round(self.start_us / step_us + 0.499)
        last = int(self.end_us / step_us + 1e-9)
        return [number * step_us for number in range(first, last + 1)]


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    places = (("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2))
    return f'<line class="{style}" ' + " ".join(f'{n}="{_number(v)}"' for n, v in places) + "/>"


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    named = f' class="{style}"' if style else ""
    return (
        f'<text{named} x="{_number(x)}" y="{_number(y)}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def _wave(signal: Signal, axis: Axis, base: float) -> str:
    level = signal.level
    path = [f"M{_number(axis.x(axis.start_us))} {_number(base - SWING * level)}"]
    for time_us in signal.changes_us:
        if axis.start_us <= time_us <= axis.end_us:
            level = not level
            path.append(f"H{_number(axis.x(time_us))}V{_number(base - SWING * level)}")
    path.append(f"H{_number(axis.x(axis.end_us))}")
    return f'<path class="wave" d="{"".join(path)}"/>'


def diagram(
    title: str, signals: Sequence[Signal], axis: Axis, marks: Sequence[tuple[float, str]] = ()
) -> str:
    """Return the SVG text of a diagram; marks are (time in us, text) of dashed lines.

    A signal's changes lie within the axis or after it: its level is that at the axis' start.
    """
    bottom = TOP + ROW_HEIGHT * len(signals)
    width, height = axis.x(axis.end_us) + 24, bottom + (44 if marks else 22)
    size = f'width="{_number(width)}" height="{_number(height)}"'
    view = f'viewBox="0 0 {_number(width)} {_number(height)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<rect width="{_number(width)}" height="{_number(height)}" fill="#fff"/>',
        _text(8, 18, title),
    ]
    parts += [_line(axis.x(t), TOP, axis.x(t), bottom, "grid") for t in axis.ticks(axis.grid_us)]
    for time_us in axis.ticks(axis.label_us):
        parts.append(_text(axis.x(time_us), bottom + 14, _number(time_us), "note", "middle"))
    parts.append(_text(8, bottom + 14, "time / \N{GREEK SMALL LETTER MU}s", "note"))
    for time_us, text in marks:
        parts.append(_line(axis.x(time_us), TOP - 4, axis.x(time_us), bottom, "mark"))
        parts.append(_text(axis.x(time_us), bottom + 34, text, "note", "middle"))
    for place, signal in enumerate(signals):
        base = TOP + ROW_HEIGHT * (place + 1) - 6
        parts.append(_text(8, base - 3, signal.label))
        parts.append(_wave(signal, axis, base))
    return "\n".join([*parts, "</svg>", ""])
