"""The firmware compiled for this computer, loaded by ctypes.

Structures and calls are those of `readout/firmware/boards/native/fpxi_native.h`; the library's
ABI number says whether they still agree.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from fpxi_readout.protocol.generated import PanelDescription

from fpxi_hwsim.errors import FirmwareRefusedError, NativeLibraryError
from fpxi_hwsim.source import Exposure, Samples

ABI = 6
SLOTS = 16
ENVIRONMENT_VARIABLE = "FPXI_NATIVE_LIBRARY"
NEVER_US = 2**64 - 1
FAILED = -1


class _Exposure(ctypes.Structure):
    _fields_ = (
        ("start_us", ctypes.c_uint64),
        ("integration_us", ctypes.c_uint32),
        ("beam_us", ctypes.c_uint32),
        ("bias_mV", ctypes.c_int32),
        ("gain_setting", ctypes.c_uint32),
        ("cds", ctypes.c_uint32),
        ("oversampling", ctypes.c_uint32),
    )


_EXPOSE = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(_Exposure), ctypes.c_void_p
)
_TEMPERATURE = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)
_BATTERY = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_void_p)
_EXPOSE_REQUEST = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint64)
_SET_BIAS = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int32)


class _Hooks(ctypes.Structure):
    _fields_ = (
        ("context", ctypes.c_void_p),
        ("expose", _EXPOSE),
        ("temperature", _TEMPERATURE),
        ("battery", _BATTERY),
        ("set_bias", _SET_BIAS),
        ("expose_request", _EXPOSE_REQUEST),
    )


class _Config(ctypes.Structure):
    _fields_ = (
        ("hooks", _Hooks),
        ("now_us", ctypes.c_uint64),
        ("serial_number", ctypes.c_uint8 * 16),
        ("panel", ctypes.c_uint8),
        ("slots", ctypes.c_uint8),
    )


def library_path() -> Path:
    """Where the library is looked for: $FPXI_NATIVE_LIBRARY, else beside this package."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return Path(named)
    suffix = {"win32": "dll", "darwin": "dylib"}.get(sys.platform, "so")
    return Path(__file__).parent / "_native" / f"fpxi_native.{suffix}"


@cache
def load_library(path: Path) -> ctypes.CDLL:
    """Load the library at a path, once.

    Raises
    ------
    NativeLibraryError
        It is absent, no library, or of another ABI.

    """
    if not path.is_file():
        raise NativeLibraryError(str(path), "not found")
    try:
        library = ctypes.CDLL(str(path))
        library.fpxi_native_abi.restype = ctypes.c_uint32
        abi = library.fpxi_native_abi()
    except (OSError, AttributeError) as error:
        raise NativeLibraryError(str(path), f"not usable ({error})") from error
    if abi != ABI:
        raise NativeLibraryError(str(path), f"has ABI {abi} where {ABI} is needed")
    _declare(library)
    return library


def _declare(library: ctypes.CDLL) -> None:
    """Tell ctypes the types of the calls."""
    device, count = ctypes.c_void_p, ctypes.c_size_t
    library.fpxi_native_size.argtypes = (ctypes.c_uint8,)
    library.fpxi_native_size.restype = count
    library.fpxi_native_init.argtypes = (device, ctypes.POINTER(_Config))
    library.fpxi_native_init.restype = ctypes.c_int
    library.fpxi_native_receive.argtypes = (device, ctypes.c_uint8, ctypes.c_char_p, count)
    library.fpxi_native_receive.restype = None
    library.fpxi_native_poll.argtypes = (device, ctypes.c_uint64)
    library.fpxi_native_poll.restype = ctypes.c_uint64
    library.fpxi_native_transmit.argtypes = (device, ctypes.c_uint8, ctypes.c_char_p, count)
    library.fpxi_native_transmit.restype = count
    library.fpxi_native_reset.argtypes = (device, ctypes.c_uint8)
    library.fpxi_native_reset.restype = None
    library.fpxi_native_trigger.argtypes = (device, ctypes.c_uint8, ctypes.c_uint64)
    library.fpxi_native_trigger.restype = None
    library.fpxi_native_cut_power.argtypes = (device, ctypes.c_uint32)
    library.fpxi_native_cut_power.restype = None


class NativeFirmware:
    """One device's firmware. Calls of one device must not overlap.

    Parameters
    ----------
    geometry
        The panel.
    serial
        At most 16 ASCII characters.
    expose
        Makes the conversions of an exposure that has ended, uint16 (oversampling, rows, columns),
        or None when the panel delivers none.
    temperature_mC
        Panel temperature in thousandths of a degree Celsius.
    battery_mV
        Voltage of the battery in mV; 0: there is none.

    Raises
    ------
    NativeLibraryError, FirmwareRefusedError
        The library is absent or does not know the panel.

    """

    def __init__(
        self,
        geometry: PanelDescription,
        serial: str,
        expose: Callable[[Exposure], Samples | None],
        temperature_mC: Callable[[], int],
        battery_mV: Callable[[], int],
    ) -> None:
        self._library = load_library(library_path())
        self._expose = expose
        self._temperature = temperature_mC
        self._battery = battery_mV
        self._requested_us = (0, 0)
        self._shape = geometry.shape
        self._failure: BaseException | None = None
        # ctypes does not keep the hooks alive; this object has to.
        self._hooks = _Hooks(
            None,
            _EXPOSE(self._on_expose),
            _TEMPERATURE(self._on_temperature),
            _BATTERY(self._on_battery),
            _SET_BIAS(_accept_bias),
            _EXPOSE_REQUEST(self._on_expose_request),
        )
        size = self._library.fpxi_native_size(geometry.id)
        self._memory = (ctypes.c_uint64 * (size // 8 + 1))()
        self._device = ctypes.addressof(self._memory)
        self._buffer = ctypes.create_string_buffer(1 << 17)
        config = _Config(self._hooks, 0, _serial_number(serial), geometry.id, SLOTS)
        code = self._library.fpxi_native_init(self._device, ctypes.byref(config))
        if code != 0:
            raise FirmwareRefusedError(geometry.id, code)

    def receive(self, data: bytes, link: int = 0) -> None:
        """Hand over bytes from the host at a link (0 or 1); they act at the next `poll`."""
        if data:
            self._library.fpxi_native_receive(self._device, link, data, len(data))

    def poll(self, now_us: int) -> int | None:
        """Run up to `now_us`; return when to poll again, None: when there is input or output."""
        deadline_us: int = self._library.fpxi_native_poll(self._device, now_us)
        self._raise_failure()
        return None if deadline_us == NEVER_US else deadline_us

    def transmit(self, capacity: int, link: int = 0) -> bytes:
        """Take at most `capacity` bytes for the host at a link (0 or 1)."""
        most = min(capacity, len(self._buffer))
        count = self._library.fpxi_native_transmit(self._device, link, self._buffer, most)
        return ctypes.string_at(self._buffer, count)

    def reset(self, cause: int) -> None:
        """Reset the firmware; `cause` is a ResetCause. Saved parameters survive."""
        self._library.fpxi_native_reset(self._device, cause)

    def trigger(self, *, high: bool, now_us: int) -> None:
        """Run up to `now_us`, and set the level of the external trigger input there."""
        self._library.fpxi_native_trigger(self._device, high, now_us)
        self._raise_failure()

    def expose_request(self, now_us: int) -> bool:
        """Whether the expose-request output is high."""
        from_us, until_us = self._requested_us
        return from_us <= now_us < until_us

    def cut_power(self, words: int) -> None:
        """Let the power fail after so many more words of non-volatile memory are written.

        The device is dead from then on, until `reset` with ResetCause.POWER_ON.
        """
        self._library.fpxi_native_cut_power(self._device, words)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def _on_expose(self, _context: int, exposure: ctypes._Pointer[_Exposure], place: int) -> int:
        try:
            return self._deliver(exposure.contents, place)
        except BaseException as failure:  # noqa: BLE001 (C cannot raise: `poll` raises it)
            self._failure = failure
            return FAILED

    def _deliver(self, exposure: _Exposure, place: int) -> int:
        conversions = self._expose(
            Exposure(
                integration_us=exposure.integration_us,
                beam_us=exposure.beam_us,
                gain_setting=exposure.gain_setting,
                cds=bool(exposure.cds),
                oversampling=exposure.oversampling,
                began_us=exposure.start_us,  # power came at 0 of the clock that `poll` is told
                bias_mV=exposure.bias_mV,
            )
        )
        if conversions is None:
            return FAILED
        wanted = np.empty((exposure.oversampling, *self._shape), np.uint16)
        wanted[:] = conversions
        ctypes.memmove(place, wanted.ctypes.data, wanted.nbytes)
        return 0

    def _on_expose_request(self, _context: int, from_us: int, until_us: int) -> None:
        self._requested_us = (from_us, until_us)

    def _on_temperature(self, _context: int) -> int:
        return self._temperature()

    def _on_battery(self, _context: int) -> int:
        return self._battery()


def _accept_bias(_context: int, _bias_mV: int) -> int:
    return 0


def _serial_number(serial: str) -> ctypes.Array[ctypes.c_uint8]:
    return (ctypes.c_uint8 * 16)(*serial.encode("ascii"))
