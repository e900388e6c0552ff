"""The ROM boot loader of an STM32, by way of the `stm32loader` package (AN3155).

`stm32loader` is under the GPL and an option: it is imported when a board is to be updated, here
and nowhere else.
"""

from __future__ import annotations

import contextlib
import importlib
import struct
import time
from collections.abc import Callable
from functools import reduce
from operator import xor
from typing import Any, Self, TypeVar

import serial
from fpxi_readout.links.serial import open_port

from fpxi.firmware_update.errors import (
    BootLoaderError,
    LoaderMissingError,
    UpdateInterruptedError,
)

T = TypeVar("T")

BAUD = 115_200
ANSWER_S = 0.5
ERASE_S = 30.0
SILENCE_S = 0.1
CHUNK = 256
TRIES = 5
SYNCHRONIZE, ACK, NACK = b"\x7f", b"\x79", b"\x1f"
EXTENDED_ERASE = 0x44
# No command, address or length that ends in 0xFF bytes is valid but "write 256 bytes of 0xFF",
# which changes nothing in a flash. So many of them end whatever the boot loader waits for.
FILLER = b"\xff"
LONGEST_WAIT = 260


class BootLoader:
    """A board in its boot loader. What goes wrong on the line is tried again, `TRIES` times.

    Every method may raise BootLoaderError, and UpdateInterruptedError when the port breaks.
    """

    def __init__(self, url: str, port: serial.Serial) -> None:
        module = _client_module()
        self._url = url
        self._port = port
        self._refusal: type[Exception] = module.CommandError
        self._client: Any = module.Stm32Bootloader(port, "F4", verbosity=0)

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the port as the boot loader wants it: 115200 baud, eight bits, even parity.

        Raises
        ------
        LinkOpenError
            The port could not be opened.
        LoaderMissingError
            `stm32loader` is not installed.

        """
        _client_module()
        return cls(url, open_port(url, baud=BAUD, parity=serial.PARITY_EVEN, timeout_s=ANSWER_S))

    def close(self) -> None:
        """Release the port."""
        self._port.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def answers(self, limit_s: float) -> bool:
        """Whether a boot loader is at the other end, fresh from reset or in use before.

        A running firmware takes the question for noise.
        """
        deadline = time.monotonic() + limit_s
        while True:
            if self._synchronize() and self._identifies():
                return True
            if time.monotonic() >= deadline:
                return False

    def product_id(self) -> int:
        """Return what Get ID answers: the kind of processor."""
        return int(self._insist("tell what it is", self._client.get_id))

    def erase(self, sector: int) -> None:
        """Erase one sector of the flash."""
        self._insist(f"erase sector {sector}", lambda: self._erase(sector))

    def write(self, address: int, data: bytes) -> None:
        """Program at most `CHUNK` bytes, whole words; not verified."""
        self._insist(f"write at {address:#010x}", lambda: self._client.write_memory(address, data))

    def read(self, address: int, count: int) -> bytes:
        """Read at most `CHUNK` bytes. The answer has no checksum: a bit may be wrong."""
        return self._insist(f"read at {address:#010x}", lambda: self._read(address, count))

    def go(self, address: int) -> None:
        """Start what lies at `address`: stack pointer, then entry."""
        self._insist(f"start {address:#010x}", lambda: self._client.go(address))

    def _erase(self, sector: int) -> None:
        # The client's own erase call prints on standard error.
        body = struct.pack(">HH", 0, sector)
        self._client.command(EXTENDED_ERASE, "erase")
        self._port.timeout = ERASE_S
        try:
            self._client.write_and_ack("erase", body + bytes([reduce(xor, body)]))
        finally:
            self._port.timeout = ANSWER_S

    def _read(self, address: int, count: int) -> bytes:
        data = bytes(self._client.read_memory(address, count))
        if len(data) != count:
            raise self._refusal(f"{len(data)} of {count} bytes came")
        return data

    def _insist(self, action: str, work: Callable[[], T]) -> T:
        """Do something until it works; a spoilt exchange is ended before the next attempt."""
        reason = ""
        for attempt in range(TRIES):
            try:
                if attempt:
                    self._end_exchange()
                return work()
            # The client takes answers apart without looking whether they came: IndexError.
            except (self._refusal, IndexError) as error:
                reason = str(error)
            except (serial.SerialException, OSError) as error:
                raise UpdateInterruptedError(self._url, str(error)) from error
        raise BootLoaderError(action, f"{TRIES} attempts, the last: {reason.strip()}")

    def _end_exchange(self) -> None:
        """Bring the boot loader back to where it waits for a command."""
        self._port.write(FILLER * LONGEST_WAIT)
        self._drain()
        for _ in range(TRIES):
            self._port.write(FILLER)
            if self._port.read(1) == NACK:
                return
        raise self._refusal("it does not answer")

    def _drain(self) -> None:
        """Read until nothing comes, or more than a boot loader would say: then it is none."""
        self._port.timeout = SILENCE_S
        try:
            for _ in range(TRIES):
                if not self._port.read(CHUNK):
                    return
        finally:
            self._port.timeout = ANSWER_S

    def _synchronize(self) -> bool:
        """Send 0x7F: acknowledged after reset, half of a wrong command later."""
        try:
            self._port.reset_input_buffer()
            for _ in range(2):
                self._port.write(SYNCHRONIZE)
                if self._port.read(1) in (ACK, NACK):
                    return True
        except (serial.SerialException, OSError) as error:
            raise UpdateInterruptedError(self._url, str(error)) from error
        return False

    def _identifies(self) -> bool:
        """Tell a boot loader from a firmware whose frames held the right byte by chance."""
        with contextlib.suppress(BootLoaderError):
            return self.product_id() == self.product_id()
        return False


def _client_module() -> Any:
    try:
        return importlib.import_module("stm32loader.bootloader")
    except ImportError as error:
        raise LoaderMissingError from error
