"""What the user wants to see; changed by the panels, read when the view is resolved."""

from __future__ import annotations

from dataclasses import dataclass

from fpxi_gui.state import DEFAULT_COLOUR_MAP


@dataclass
class DisplayIntent:
    """Display choices; all take effect with the next tick."""

    colour_map: str = DEFAULT_COLOUR_MAP
    auto_levels: bool = True
    manual_levels: tuple[float, float] = (0.0, 65535.0)
    mark_defects: bool = False
    axes_mm: bool = False
    cursor: tuple[int, int] | None = None
    """row, column under the pointer"""

    def set_levels(self, low: float, high: float, *, apart: float = 1.0) -> None:
        """Choose levels by hand; they are kept apart, in counts by one."""
        self.auto_levels = False
        self.manual_levels = (low, max(high, low + apart))
