"""The firmware library's structures and calls, as ctypes needs them."""

from __future__ import annotations

import ctypes as c
from pathlib import Path
from typing import Any


class Exposure(c.Structure):
    _fields_ = (
        ("start_us", c.c_uint64),
        ("integration_us", c.c_uint32),
        ("beam_us", c.c_uint32),
        ("bias_mV", c.c_int32),
        ("gain_setting", c.c_uint32),
        ("cds", c.c_uint32),
        ("oversampling", c.c_uint32),
    )


Expose = c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(Exposure), c.POINTER(c.c_uint16))
Temperature = c.CFUNCTYPE(c.c_int32, c.c_void_p)
SetBias = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_int32)
Battery = c.CFUNCTYPE(c.c_uint32, c.c_void_p)
ExposeRequest = c.CFUNCTYPE(None, c.c_void_p, c.c_uint64, c.c_uint64)


class NativeConfig(c.Structure):
    _fields_ = (
        ("context", c.c_void_p),
        ("expose", Expose),
        ("temperature", Temperature),
        ("battery", Battery),
        ("set_bias", SetBias),
        ("expose_request", ExposeRequest),
        ("now_us", c.c_uint64),
        ("serial_number", c.c_uint8 * 16),
        ("panel", c.c_uint8),
        ("slots", c.c_uint8),
    )


Clock = c.CFUNCTYPE(c.c_uint64, c.c_void_p)


class ExposureSettings(c.Structure):
    _fields_ = (
        ("exposure_us", c.c_uint32),
        ("gain_setting", c.c_uint8),
        ("oversampling", c.c_uint8),
        ("cds", c.c_bool),
        ("request_beam", c.c_bool),
    )


class FaultNote(c.Structure):
    _fields_ = (
        ("fault", c.c_uint8),
        ("line", c.c_uint32),
        ("uptime_ms", c.c_uint32),
        ("file", c.c_char * 24),
    )


class TestOutcome(c.Structure):
    __test__ = False
    _fields_ = (
        ("outcome", c.c_uint8),
        ("expected", c.c_uint32),
        ("measured", c.c_uint32),
    )


Begin = c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(ExposureSettings), c.POINTER(c.c_uint64))
ReadRow = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_uint16, c.POINTER(c.c_uint16))
StorageRead = c.CFUNCTYPE(None, c.c_void_p, c.c_uint8, c.c_uint32, c.c_void_p, c.c_size_t)
StorageErase = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_uint8)
StorageProgram = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_uint8, c.c_uint32, c.c_uint32)
NoteFault = c.CFUNCTYPE(None, c.c_void_p, c.POINTER(FaultNote))
# ctypes cannot return a structure from a callback: test_api.c turns this one into what the core
# asks for.
SelfTest = c.CFUNCTYPE(None, c.c_uint8, c.POINTER(TestOutcome))
Action = c.CFUNCTYPE(None, c.c_void_p)
Reset = c.CFUNCTYPE(None, c.c_void_p, c.c_uint8)
SLOT_SIZE = 16384


class Hardware(c.Structure):
    _fields_ = (
        ("context", c.c_void_p),
        ("now_us", Clock),
        ("set_bias", SetBias),
        ("begin_exposure", Begin),
        ("begin_readout", Begin),
        ("read_row", ReadRow),
        ("abandon", Action),
        ("temperature_mC", Temperature),
        ("battery_mV", Battery),
        ("storage_read", StorageRead),
        ("storage_erase", StorageErase),
        ("storage_program", StorageProgram),
        ("note_fault", NoteFault),
        ("self_test", c.c_void_p),
        ("safe_state", Action),
        ("kick_watchdog", Action),
        ("reset", Reset),
        ("enter_bootloader", Action),
    )


class AecSettings(c.Structure):
    _fields_ = (("block_size", c.c_uint8), ("reference_interval", c.c_uint16))


def load_library(path: Path) -> c.CDLL:
    library = c.CDLL(str(path))
    memory, size, byte = c.c_void_p, c.c_size_t, c.c_uint8
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "fpxi_native_abi": (c.c_uint32, []),
        "fpxi_native_size": (size, [byte]),
        "fpxi_native_init": (c.c_int, [memory, c.POINTER(NativeConfig)]),
        "fpxi_native_receive": (None, [memory, byte, c.c_char_p, size]),
        "fpxi_native_poll": (c.c_uint64, [memory, c.c_uint64]),
        "fpxi_native_transmit": (size, [memory, byte, memory, size]),
        "fpxi_native_reset": (None, [memory, byte]),
        "fpxi_native_trigger": (None, [memory, byte, c.c_uint64]),
        "fpxi_native_cut_power": (None, [memory, c.c_uint32]),
        "fpxi_test_crc32": (c.c_uint32, [c.c_uint32, c.c_char_p, size]),
        "fpxi_test_cobs_encode": (size, [c.c_char_p, size, memory]),
        "fpxi_test_cobs_decode": (c.c_int64, [c.c_char_p, size, memory, size]),
        "fpxi_test_encode": (
            size,
            [c.POINTER(byte), c.POINTER(AecSettings), memory, memory, size, size, memory],
        ),
        "fpxi_test_aec": (size, [c.POINTER(AecSettings), memory, memory, size, memory, size]),
        "fpxi_test_queue_size": (size, []),
        "fpxi_test_queue_init": (None, [memory, memory, size]),
        "fpxi_test_queue_add": (c.c_int, [memory, c.c_char_p, size, size]),
        "fpxi_test_queue_take": (size, [memory, memory, size]),
        "fpxi_test_core_size": (size, []),
        "fpxi_test_core_init": (
            c.c_int,
            [memory, c.POINTER(Hardware), SelfTest, byte, size, byte, c.POINTER(FaultNote)],
        ),
        "fpxi_test_memory": (size, [memory, size]),
        "fpxi_test_core_set_state": (None, [memory, byte]),
        "fpxi_test_core_receive": (None, [memory, byte, c.c_char_p, size]),
        "fpxi_test_core_poll": (c.c_uint64, [memory]),
        "fpxi_test_core_transmit": (size, [memory, byte, memory, size]),
        "fpxi_test_core_fault": (None, [memory, c.c_int]),
        "fpxi_test_core_set_next_frame": (None, [memory, c.c_uint32]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
