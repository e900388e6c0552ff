"""`fpxi forget`: remove this computer's key of a panel on Bluetooth."""

from __future__ import annotations

import click

from fpxi.cli.options import examples, url_argument


@click.command("forget", epilog=examples("fpxi forget ble:FPXI-64"))
@url_argument()
def command(url: str) -> None:
    """Remove this computer's key of the Bluetooth panel at URL; the next connection pairs anew.

    That takes a panel that is near, and that has forgotten this computer too: it keeps its own key.
    """
    from fpxi_readout.links.ble_forget import forget  # noqa: PLC0415 - only when wanted
    from fpxi_readout.links.ble_url import SCHEME  # noqa: PLC0415

    if not url.startswith(SCHEME):
        raise click.UsageError("Only a panel on Bluetooth is paired with: ble:<name or address>.")
    click.echo(f"{forget(url)} is forgotten on this computer.")
