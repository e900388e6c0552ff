"""Control in lines of text: what a person or a script types beside a served panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from fpxi_hwsim.device import SimulatedDevice
from fpxi_hwsim.errors import BadValueError, SimulationError
from fpxi_hwsim.settings_text import parse_dose_rate, parse_on_off, parse_u32

if TYPE_CHECKING:
    from fpxi_hwsim.bluetooth.server import BleServer

HELP = """\
beam on|off        switch the X-rays
object TEXT|PATH   put an object, or an image file, into the beam
dose_rate VALUE    air kerma rate in Gy/s
tube TEXT          another tube at that rate, such as: tube W:70kV:Al 2.5mm
frames PATH|none   play recorded frames, or simulate again
fault NAME VALUE   change a fault setting, such as: fault bit_flips 1e-4
trigger on|off     set the level of the external trigger input
reset              pull the device's reset line
help               this list
quit               leave"""
RADIO_HELP = """\
radio NAME VALUE   change a condition of the radio, such as: radio packet_errors 0.1
drop remote|supervision   end the connection: the panel says good-bye, or the two lose each other
unbind             forget the panel's host, so that another can pair
battery PERCENT    charge or discharge the battery"""


def execute(device: SimulatedDevice, line: str, radio: BleServer | None = None) -> str:
    """Carry out one line; return the answer in words, an error's words included.

    The commands of `RADIO_HELP` exist for a panel on the air, which is `radio`.
    """
    command, _, argument = line.strip().partition(" ")
    try:
        if radio is not None and command in _RADIO_ACTIONS:
            return _RADIO_ACTIONS[command](radio, argument.strip())
        if command in _ACTIONS:
            return _ACTIONS[command](device, argument.strip())
    except SimulationError as error:
        return f"error: {error}"
    help_text = HELP if radio is None else f"{RADIO_HELP}\n{HELP}"
    if command == "help":
        return help_text
    return f"unknown command {command!r}; the commands are:\n{help_text}"


def run_console(
    device: SimulatedDevice, commands: TextIO, answers: TextIO, radio: BleServer | None = None
) -> None:
    """Carry out lines until `quit` or the end of the input; one answer follows each."""
    for line in commands:
        if line.strip() == "quit":
            return
        if line.strip():
            print(execute(device, line, radio), file=answers, flush=True)


def _beam(device: SimulatedDevice, argument: str) -> str:
    device.scene.beam_on = parse_on_off("beam", argument)
    return f"beam {argument}"


def _object(device: SimulatedDevice, argument: str) -> str:
    device.scene.object = argument
    return f"object {argument}"


def _dose_rate(device: SimulatedDevice, argument: str) -> str:
    device.scene.dose_rate = parse_dose_rate("dose_rate", argument)
    return f"dose_rate {device.scene.dose_rate:g} Gy/s"


def _tube(device: SimulatedDevice, argument: str) -> str:
    device.scene.tube = argument
    return f"tube {device.scene.tube}"


def _frames(device: SimulatedDevice, argument: str) -> str:
    if not argument:
        raise BadValueError("frames", argument, "a path, or none")
    if argument == "none":
        device.scene.stop_playing()
    else:
        device.scene.play(argument)
    return f"frames {argument}"


def _fault(device: SimulatedDevice, argument: str) -> str:
    name, _, value = argument.partition(" ")
    device.set_fault(name, value.strip())
    return f"fault {name} {value.strip()}"


def _trigger(device: SimulatedDevice, argument: str) -> str:
    device.trigger(parse_on_off("trigger", argument))
    return f"trigger {argument}"


def _reset(device: SimulatedDevice, argument: str) -> str:
    if argument:
        raise BadValueError("reset", argument, "nothing")
    device.reset()
    return "reset"


def _radio(server: BleServer, argument: str) -> str:
    name, _, value = argument.partition(" ")
    server.set_condition(name, value.strip())
    return f"radio {name} {value.strip()}"


def _drop(server: BleServer, argument: str) -> str:
    server.drop(argument)
    return f"drop {argument}"


def _unbind(server: BleServer, argument: str) -> str:
    if argument:
        raise BadValueError("unbind", argument, "nothing")
    server.unbind()
    return "unbind"


def _battery(server: BleServer, argument: str) -> str:
    server.set_battery(parse_u32("battery", argument))
    return f"battery {argument}"


_ACTIONS: dict[str, Callable[[SimulatedDevice, str], str]] = {
    "beam": _beam,
    "object": _object,
    "dose_rate": _dose_rate,
    "tube": _tube,
    "frames": _frames,
    "fault": _fault,
    "trigger": _trigger,
    "reset": _reset,
}
_RADIO_ACTIONS: dict[str, Callable[[BleServer, str], str]] = {
    "radio": _radio,
    "drop": _drop,
    "unbind": _unbind,
    "battery": _battery,
}
