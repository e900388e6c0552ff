"""Errors of talking to a panel."""

from __future__ import annotations

from fpxi_readout.errors import FpxiError


class DeviceError(FpxiError):
    """The device did not do what was asked."""


class CommandTimeoutError(DeviceError):
    """No answer came to a command, however often it was sent."""

    def __init__(self, command: str, tries: int, elapsed_s: float) -> None:
        super().__init__(
            f"the device did not answer {command} ({tries} tries in {elapsed_s:.1f} s); check "
            "that it is powered, that this port is the panel's, and that the cable is sound"
        )
        self.command = command
        self.tries = tries
        self.elapsed_s = elapsed_s


class CommandRefusedError(DeviceError):
    """The device answered a command with a NACK. `code` is a NackCode, or a newer device's."""

    def __init__(self, command: str, code: int, detail: int, explanation: str) -> None:
        super().__init__(f"the device refused {command}: {explanation}")
        self.command = command
        self.code = code
        self.detail = detail


class NotAPanelError(DeviceError):
    """Something answers on the link, but it is not an fpxi device."""

    def __init__(self, url: str) -> None:
        super().__init__(f"what answers on {url} is not an fpxi panel; choose another port")
        self.url = url


class DeviceResetError(DeviceError):
    """The device restarted while it was acquiring; the run is over."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the device restarted while it was acquiring ({reason}): later frames do not exist "
            "and unsaved settings are back at their defaults; connect again, set the parameters "
            "and start again (a watchdog or power-on restart points at the supply)"
        )
        self.reason = reason


class DeviceFaultError(DeviceError):
    """The device went to its safe state while it was acquiring; the run is over."""

    def __init__(self, fault: str) -> None:
        super().__init__(
            f"the device stopped on a fault: {fault}; mend the cause, then reset the device"
        )
        self.fault = fault


class StreamTakenError(DeviceError):
    """Another host stopped the acquisition or started its own; the run is over."""

    def __init__(self) -> None:
        super().__init__(
            "another host has stopped this acquisition or started its own on the device, so this "
            "run is over; agree with its user, then start again"
        )


ADVICE = {
    "silent": "check its power, the cable, and that the line has the panel's baud rate",
    "idle": "its run is over and the frames did not all arrive: check the cable and the line, a "
    "lower baud rate may help; then start again (in a program, with start())",
    "armed": "it waits for a trigger: give one, or set trigger_mode to free_running (in a program, "
    "software_trigger() gives one); without triggers, check the cable and the line",
    "exposing": "allow more than the exposure time",
    "reading": "its frames do not arrive: check the cable and the line; a lower baud rate may help",
    "fault": "read the parameter `fault`, mend the cause and reset the device",
}
"""what to do, by the state of the sequencer"""


class FrameTimeoutError(DeviceError):
    """No frame came within the time allowed.

    The counts are of everything since the panel was connected.
    """

    def __init__(
        self, timeout_s: float, state: str, *, url: str, bytes_received: int, packets_damaged: int
    ) -> None:
        super().__init__(
            f"no frame came within {timeout_s:g} s; the device is {state}; "
            f"{ADVICE.get(state, 'ask again')} (on {url} so far: {bytes_received} bytes received, "
            f"{packets_damaged} damaged packets)"
        )
        self.timeout_s = timeout_s
        self.state = state
        self.url = url
        self.bytes_received = bytes_received
        self.packets_damaged = packets_damaged


class NotStartedError(DeviceError):
    """Frames were asked for with no run on."""

    def __init__(self) -> None:
        super().__init__("no run is on, so no frame can come; call start() first")


class ParameterError(DeviceError):
    """A parameter was used wrongly; found on the host before anything was sent."""


class UnknownParameterError(ParameterError):
    """Neither the device nor this host knows a parameter of that name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"there is no parameter {name!r}; the device has {', '.join(known)}")
        self.name = name
        self.known = known


class ParameterRangeError(ParameterError):
    """A value is outside the parameter's range. Limits are inclusive."""

    def __init__(self, name: str, value: int, minimum: int, maximum: int, unit: str) -> None:
        super().__init__(f"{name} = {value} is not within {minimum} to {maximum} {unit}".rstrip())
        self.name = name
        self.value = value
        self.minimum = minimum
        self.maximum = maximum
        self.unit = unit


class ParameterValueError(ParameterError):
    """A text is neither a whole number nor one of the parameter's named values."""

    def __init__(self, name: str, value: str, choices: tuple[str, ...]) -> None:
        wanted = f"one of {', '.join(choices)}" if choices else "a whole number"
        super().__init__(f"{name} = {value!r} cannot be understood; give {wanted}")
        self.name = name
        self.value = value
        self.choices = choices


class ReadOnlyParameterError(ParameterError):
    """The parameter can be read, not set."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} can be read, not set")
        self.name = name
