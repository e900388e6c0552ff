"""`fpxi sim`: simulated panels."""

from __future__ import annotations

from fpxi.cli.group import LazyCommand, LazyGroup

command = LazyGroup(
    "sim",
    help="Simulated panels: which there are, their pictures, and serving one.",
    lazy={
        "presets": LazyCommand("fpxi.cli.sim_presets", "List the panels that can be simulated."),
        "gallery": LazyCommand(
            "fpxi.cli.sim_gallery", "Take pictures of every object with every simulated panel."
        ),
        "serve": LazyCommand(
            "fpxi.cli.sim_serve", "Serve a simulated panel on a pseudo-terminal or a TCP port."
        ),
    },
)
