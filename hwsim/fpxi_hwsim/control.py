"""Scene control in lines of text: what a person or a script types beside a served panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from fpxi_hwsim.device import SimulatedDevice
from fpxi_hwsim.errors import BadValueError, SimulationError
from fpxi_hwsim.settings_text import parse_dose_rate, parse_on_off

HELP = """\
beam on|off        switch the X-rays
object NAME|PATH   put an object, or an image file, into the beam
dose_rate VALUE    air kerma rate in Gy/s
frames PATH|none   play recorded frames, or simulate again
fault NAME VALUE   change a fault setting, such as: fault bit_flips 1e-4
trigger on|off     set the level of the external trigger input
reset              pull the device's reset line
help               this list
quit               leave"""


def execute(device: SimulatedDevice, line: str) -> str:
    """Carry out one line; return the answer in words, an error's words included."""
    command, _, argument = line.strip().partition(" ")
    action = _ACTIONS.get(command)
    if action is None:
        return f"unknown command {command!r}; the commands are:\n{HELP}"
    try:
        return action(device, argument.strip())
    except SimulationError as error:
        return f"error: {error}"


def run_console(device: SimulatedDevice, commands: TextIO, answers: TextIO) -> None:
    """Carry out lines until `quit` or the end of the input; one answer follows each."""
    for line in commands:
        if line.strip() == "quit":
            return
        if line.strip():
            print(execute(device, line), file=answers, flush=True)


def _beam(device: SimulatedDevice, argument: str) -> str:
    device.scene.beam_on = parse_on_off("beam", argument)
    return f"beam {argument}"


def _object(device: SimulatedDevice, argument: str) -> str:
    device.scene.object = argument
    return f"object {argument}"


def _dose_rate(device: SimulatedDevice, argument: str) -> str:
    device.scene.dose_rate = parse_dose_rate("dose_rate", argument)
    return f"dose_rate {device.scene.dose_rate:g} Gy/s"


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


def _help(_device: SimulatedDevice, _argument: str) -> str:
    return HELP


_ACTIONS: dict[str, Callable[[SimulatedDevice, str], str]] = {
    "beam": _beam,
    "object": _object,
    "dose_rate": _dose_rate,
    "frames": _frames,
    "fault": _fault,
    "trigger": _trigger,
    "reset": _reset,
    "help": _help,
}
