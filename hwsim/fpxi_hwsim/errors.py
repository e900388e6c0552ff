"""Errors of the simulator."""

from __future__ import annotations

from collections.abc import Iterable

from fpxi_readout.errors import FpxiError


class SimulationError(FpxiError):
    """Base of every error that the simulator raises on purpose."""


class SimulationUrlError(SimulationError):
    """A `sim:` URL names something that does not exist or is out of range."""


class UnknownPresetError(SimulationUrlError):
    """No preset has this name."""

    def __init__(self, preset: str, known: Iterable[str]) -> None:
        self.preset = preset
        self.known = tuple(known)
        super().__init__(
            f"no simulated panel is called {preset!r}; write sim:<preset> with one of "
            f"{', '.join(self.known)}"
        )


class UnknownKeyError(SimulationUrlError):
    """No setting of the simulation has this name, or one is given twice."""

    def __init__(self, key: str, known: Iterable[str], *, repeated: bool = False) -> None:
        self.key = key
        self.known = tuple(known)
        self.repeated = repeated
        problem = f"{key!r} is given twice" if repeated else f"there is no setting {key!r}"
        super().__init__(f"{problem}; the settings are {', '.join(self.known)}")


class BadValueError(SimulationUrlError):
    """A setting of the simulation has a value that it cannot take."""

    def __init__(self, key: str, value: str, expected: str) -> None:
        self.key = key
        self.value = value
        self.expected = expected
        super().__init__(f"{key}={value} is not possible: {key} takes {expected}")


class BoardPanelError(SimulationUrlError):
    """A board's firmware does not read the panel that a preset is made with."""

    def __init__(
        self, board: str, panel: str, panels: Iterable[str], boards: Iterable[str]
    ) -> None:
        self.board = board
        self.panel = panel
        self.panels = tuple(panels)
        """that the board reads"""
        self.boards = tuple(boards)
        """that read the panel"""
        super().__init__(
            f"board={board} reads the panels {', '.join(self.panels)}, not {panel}; "
            f"{panel} needs board={' or board='.join(self.boards)}"
        )


class ObjectError(SimulationError):
    """An object to be imaged is neither known by name nor readable as an image file."""

    def __init__(self, name: str, reason: str, known: Iterable[str] = ()) -> None:
        self.name = name
        self.reason = reason
        self.known = tuple(known)
        names = f"; name one of {', '.join(self.known)}, or give the path of an image file"
        super().__init__(f"object {name!r}: {reason}{names if self.known else ''}")


class RecordedFramesError(SimulationError):
    """Recorded frames cannot be read, or do not fit the simulated panel."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"recorded frames {path}: {reason}")


class NativeLibraryError(SimulationError):
    """The firmware compiled for this computer is absent or of another version."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"firmware library {path}: {reason}; build it with `python "
            "readout/firmware/build_native.py --output hwsim/fpxi_hwsim/_native` or reinstall fpxi"
        )


class FirmwareRefusedError(SimulationError):
    """The native firmware did not accept its configuration."""

    def __init__(self, panel_id: int, code: int) -> None:
        self.panel_id = panel_id
        self.code = code
        super().__init__(
            f"the native firmware refused panel id {panel_id} (code {code}): "
            "rebuild the library so that it knows the simulator's panels"
        )


class ServeError(SimulationError):
    """A simulated panel could not be put on a serial line or a port."""

    def __init__(self, medium: str, reason: str) -> None:
        self.medium = medium
        self.reason = reason
        super().__init__(f"the simulated panel cannot be served on {medium}: {reason}")


class UnphysicalError(SimulationError):
    """A parameter of the physics has a value that nature does not allow, or no number."""

    def __init__(self, name: str, value: float, allowed: str) -> None:
        self.name = name
        self.value = value
        self.allowed = allowed
        super().__init__(f"{name} = {value} is not physical: it must be {allowed}")


class UnknownMaterialError(SimulationError):
    """No material or element has this name."""

    def __init__(self, material: str, known: Iterable[str]) -> None:
        self.material = material
        self.known = tuple(known)
        super().__init__(
            f"there is no material {material!r}; name one of {', '.join(self.known)}, or write "
            "formula:density in g/cm3, such as Gd2O2S:7.32"
        )


class MissingExtraError(SimulationError):
    """What is asked for needs a package that is not installed."""

    def __init__(self, package: str, purpose: str, extra: str) -> None:
        self.package = package
        self.purpose = purpose
        self.extra = extra
        super().__init__(f'{purpose} needs {package}: pip install "fpxi[{extra}]"')


class TubeModelError(SimulationError):
    """No model computes what this X-ray tube emits."""

    def __init__(self, anode: str, kV: float, most_kV: float) -> None:
        self.anode = anode
        self.kV = kV
        self.most_kV = most_kV
        super().__init__(
            f"the spectrum of a tube of {anode} at {kV:g} kV is not modelled: take {most_kV:g} kV "
            "or less, or an anode of W, whose continuum differs little from that of Au"
        )
