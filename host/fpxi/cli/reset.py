"""`fpxi reset`: restart the firmware of a panel."""

from __future__ import annotations

import click
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.generated import Fault

from fpxi.cli.options import examples, url_argument
from fpxi.cli.output import note
from fpxi.cli.panel import connected_panel
from fpxi.errors import ReplayError


@click.command("reset", epilog=examples("fpxi reset serial:/dev/ttyACM0"))
@url_argument()
def command(url: str) -> None:
    """Restart the firmware of the panel at URL, which clears a latched fault.

    The bias is off afterwards, and settings are those that were saved. Mend a fault's cause first:
    fpxi info URL names the fault.
    """
    with connected_panel(url) as panel:
        if not isinstance(panel, Panel):
            raise ReplayError("restart", "connect to the panel itself")
        panel.reset()
        identity = panel.identity
    click.echo(f"{identity.serial_number} has restarted.")
    if identity.reset_fault != Fault.NONE:
        note("It had stopped on a fault: fpxi info URL says which, and where in the firmware.")
