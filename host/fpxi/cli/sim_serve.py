"""`fpxi sim serve`: a simulated panel on a pseudo-terminal or a TCP port."""

from __future__ import annotations

import contextlib
import sys
import time

import click
from fpxi_hwsim.control import run_console
from fpxi_hwsim.serve import Server, serve_serial, serve_tcp
from fpxi_hwsim.specification import SimulationSpecification

from fpxi.cli.group import Terminated
from fpxi.cli.options import address, examples, url_argument
from fpxi.cli.output import note

LOOK_EVERY_S = 0.5
"""for a device that has stopped by itself"""


@click.command(
    "serve",
    epilog=examples(
        "fpxi sim serve --serial",
        'fpxi sim serve "sim:cmos32?seed=2" --tcp 127.0.0.1:5000',
    ),
)
@url_argument(default="sim:tft64")
@click.option("--serial", is_flag=True, help="Serve on a new pseudo-terminal (not on Windows).")
@click.option(
    "--tcp", type=address, metavar="HOST:PORT", help="Serve on a TCP port; port 0 takes a free one."
)
@click.option(
    "--control-stdin",
    is_flag=True,
    help="Obey lines on standard input, such as: beam off. The line help lists them; quit, or the "
    "end of the input, ends the server.",
)
def command(url: str, serial: bool, tcp: tuple[str, int] | None, control_stdin: bool) -> None:
    """Serve the simulated panel URL until Ctrl-C or SIGTERM.

    The first line on standard output says where, and nothing else: the path of the
    pseudo-terminal, or HOST:PORT. Whoever can reach a TCP port can use the panel: 127.0.0.1 keeps
    it to this computer.
    """
    if serial == (tcp is not None):
        raise click.UsageError("Say where to serve: --serial, or --tcp HOST:PORT.")
    specification = SimulationSpecification.from_url(url)
    server = serve_serial(specification) if tcp is None else serve_tcp(specification, *tcp)
    with contextlib.suppress(KeyboardInterrupt, Terminated), server:
        _announce(url, server)
        _stay(server, control_stdin)
    note("The simulated panel is switched off.")


def _announce(url: str, server: Server) -> None:
    click.echo(server.url.removeprefix("serial:").removeprefix("socket://"))
    note(f"{url} is served; in another terminal: fpxi view {server.url}\nCtrl-C ends it.")


def _stay(server: Server, control_stdin: bool) -> None:
    if control_stdin:
        run_console(server.device, sys.stdin, sys.stdout)
        return
    while server.failure is None:
        time.sleep(LOOK_EVERY_S)
    raise server.failure
