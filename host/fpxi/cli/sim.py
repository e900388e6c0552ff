"""`fpxi sim`: simulated panels for other programs."""

from __future__ import annotations

from fpxi.cli.group import LazyCommand, LazyGroup

command = LazyGroup(
    "sim",
    help="Simulated panels for other programs.",
    lazy={
        "serve": LazyCommand(
            "fpxi.cli.sim_serve", "Serve a simulated panel on a pseudo-terminal or a TCP port."
        )
    },
)
