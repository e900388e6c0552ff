"""`fpxi sim serve`: a simulated panel on a pseudo-terminal, a TCP port, or Bluetooth LE."""

from __future__ import annotations

import contextlib
import sys
import time
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from fpxi_hwsim.bluetooth.conditions import RadioConditions, with_condition
from fpxi_hwsim.control import run_console
from fpxi_hwsim.serve import Server, serve_ble, serve_serial, serve_tcp
from fpxi_hwsim.specification import SimulationSpecification

from fpxi.cli.group import Terminated
from fpxi.cli.held_signals import signals_held_back
from fpxi.cli.options import address, examples, require_distinct, setting, url_argument
from fpxi.cli.output import note

if TYPE_CHECKING:
    from fpxi_hwsim.bluetooth.server import BleServer

LOOK_EVERY_S = 0.5
"""for a device that has stopped by itself"""
PATH = click.Path(dir_okay=False, path_type=Path)


@click.command(
    "serve",
    epilog=examples(
        "fpxi sim serve --serial",
        'fpxi sim serve "sim:cmos32?seed=2" --tcp 127.0.0.1:5000',
        "fpxi sim serve --ble --radio packet_errors=0.1",
        "fpxi sim serve --ble --hci usb:0 --keys keys.json",
    ),
)
@url_argument(default="sim:tft64")
@click.option("--serial", is_flag=True, help="Serve on a new pseudo-terminal (not on Windows).")
@click.option(
    "--tcp", type=address, metavar="HOST:PORT", help="Serve on a TCP port; port 0 takes a free one."
)
@click.option(
    "--ble",
    is_flag=True,
    help="Serve over Bluetooth LE: on a virtual radio, for programs on this computer (Linux), or "
    "over the air with --hci.",
)
@click.option("--name", help="Advertised name, at most 8 characters.  [default: FPXI-64, FPXI-32]")
@click.option(
    "--radio",
    multiple=True,
    type=setting,
    metavar="NAME=VALUE",
    help="Condition of the virtual radio, such as interval_ms=30, phy=1M, packet_errors=0.1, "
    "supervision_s=4 or in_reach=off. May be given several times.",
)
@click.option(
    "--hci",
    metavar="ADAPTER",
    help="Real Bluetooth adapter, taken whole: usb:0, serial:/dev/ttyACM0,1000000, "
    "tcp-client:HOST:PORT (as the library bumble names it).",
)
@click.option("--keys", type=PATH, help="File that keeps the panel's bond with its host.")
@click.option("--bus", type=PATH, help="Where to put the virtual radio's D-Bus socket.")
@click.option(
    "--control-stdin",
    is_flag=True,
    help="Obey lines on standard input, such as: beam off. The line help lists them; quit, or the "
    "end of the input, ends the server.",
)
def command(
    url: str,
    serial: bool,
    tcp: tuple[str, int] | None,
    ble: bool,
    control_stdin: bool,
    **air: Any,
) -> None:
    """Serve the simulated panel URL until Ctrl-C or SIGTERM.

    The first line on standard output says where, and nothing else: the path of the
    pseudo-terminal, HOST:PORT, or the panel's ble: URL. With a virtual radio a second line has the
    variable that leads programs to it. Whoever can reach a TCP port can use the panel: 127.0.0.1
    keeps it to this computer. Over Bluetooth the first host that pairs is the panel's host; without
    --keys it is forgotten when the server ends.
    """
    _require_one_place(serial=serial, tcp=tcp is not None, ble=ble)
    conditions = _conditions(air["radio"])
    _refuse_idle_options(ble, air)
    del air["radio"]
    specification = SimulationSpecification.from_url(url)
    with contextlib.ExitStack() as stack:
        server: Server | BleServer
        with signals_held_back():  # until somebody is there to close it
            if ble:
                server = serve_ble(specification, conditions=conditions, **air)
            elif tcp is not None:
                server = serve_tcp(specification, *tcp)
            else:
                server = serve_serial(specification)
            stack.enter_context(server)
        with contextlib.suppress(KeyboardInterrupt, Terminated):
            _announce(url, server)
            _stay(server, control_stdin)
    note("The simulated panel is switched off.")


def _require_one_place(**places: bool) -> None:
    given = [f"--{name}" for name, wanted in places.items() if wanted]
    if not given:
        raise click.UsageError("Say where to serve: --serial, --tcp HOST:PORT, or --ble.")
    if len(given) > 1:
        raise click.UsageError(
            f"{', '.join(given)}: a panel is served in one place; give one of them."
        )


def _refuse_idle_options(ble: bool, air: dict[str, Any]) -> None:
    """Refuse what would have no effect."""
    given = [f"--{name}" for name, value in air.items() if value]
    if given and not ble:
        raise click.UsageError(f"{', '.join(given)}: for Bluetooth; add --ble.")
    idle = [name for name in given if name in ("--bus", "--radio")]
    if idle and air["hci"]:
        raise click.UsageError(f"{', '.join(idle)}: for the virtual radio; leave out --hci.")


def _conditions(settings: tuple[tuple[str, str], ...]) -> RadioConditions:
    require_distinct(settings)
    return reduce(lambda so_far, one: with_condition(so_far, *one), settings, RadioConditions())


def _announce(url: str, server: Server | BleServer) -> None:
    click.echo(server.url.removeprefix("serial:").removeprefix("socket://"))
    variable = ""
    if not isinstance(server, Server) and server.bus_address is not None:
        variable = f"DBUS_SYSTEM_BUS_ADDRESS={server.bus_address}"
        click.echo(variable)
    hint = f"{variable} fpxi view {server.url}".strip()
    note(f"{url} is served; in another terminal: {hint}\nCtrl-C ends it.")


def _stay(server: Server | BleServer, control_stdin: bool) -> None:
    if control_stdin:
        radio = None if isinstance(server, Server) else server
        run_console(server.device, sys.stdin, sys.stdout, radio)
    else:
        while server.failure is None:
            time.sleep(LOOK_EVERY_S)
    if server.failure is not None:
        raise server.failure
