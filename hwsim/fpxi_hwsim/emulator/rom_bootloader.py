"""ST's USART boot loader in the STM32F405's system memory, as a host meets it (AN3155).

Bytes in, bytes out, over the device's flash. Parity and rate belong to the line, not to this
model. Commands that change option bytes (0x63, 0x73, 0x82, 0x92) are answered NACK.
"""

from __future__ import annotations

from collections.abc import Collection, Generator
from functools import reduce
from operator import xor

from fpxi_hwsim.errors import SimulationError

FLASH_BASE = 0x0800_0000
KIB = 1024
SECTOR_BYTES = (16 * KIB,) * 4 + (64 * KIB,) + (128 * KIB,) * 7
"""RM0090, table 5: the sectors of 1 MB, in order"""
FLASH_BYTES = sum(SECTOR_BYTES)

SYNCHRONIZE = 0x7F
ACK = b"\x79"
NACK = b"\x1f"
VERSION = 0x31
PRODUCT_ID = 0x413

GET, GET_VERSION, GET_ID = 0x00, 0x01, 0x02
READ_MEMORY, GO, WRITE_MEMORY, EXTENDED_ERASE = 0x11, 0x21, 0x31, 0x44
COMMANDS = bytes((0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x44, 0x63, 0x73, 0x82, 0x92))
LOCKED_BY_READ_PROTECTION = (READ_MEMORY, GO, WRITE_MEMORY, EXTENDED_ERASE)
MASS_ERASE = 0xFFFF
SPECIAL_ERASES = 0xFFF0

Exchange = Generator[int, bytes, None]
Taking = Generator[int, bytes, int | None]


class FlashSizeError(SimulationError):
    """The memory handed over is not the F405's flash."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(f"the flash has {size} bytes; an STM32F405 has {FLASH_BYTES}")


def sector_range(sector: int) -> tuple[int, int]:
    """Return the first address of a sector, and the first beyond it."""
    first = FLASH_BASE + sum(SECTOR_BYTES[:sector])
    return first, first + SECTOR_BYTES[sector]


class RomBootloader:
    """A boot loader that has just been entered: it waits for 0x7F to measure the line's rate.

    Parameters
    ----------
    flash
        The 1 MB at 0x08000000, changed in place.
    write_protected
        Sectors that keep their content. Writing and erasing them is acknowledged all the same
        (AN3155, 3.6 and 3.8): only reading back shows it.
    read_protected
        Read-out protection level 1: what touches memory is answered NACK.

    Raises
    ------
    FlashSizeError
        `flash` has another size.

    """

    def __init__(
        self,
        flash: bytearray,
        *,
        write_protected: Collection[int] = (),
        read_protected: bool = False,
    ) -> None:
        if len(flash) != FLASH_BYTES:
            raise FlashSizeError(len(flash))
        self.left: int | None = None
        """address of the vector table that Go named; None while the boot loader runs"""
        self.deaf = False
        """whether another byte than 0x7F came first: the rate was measured wrongly"""
        self.words = 0
        """words of flash programmed and erased"""
        self._flash = flash
        self._write_protected = frozenset(write_protected)
        self._read_protected = read_protected
        self._received = bytearray()
        self._answer = bytearray()
        self._dialogue = self._run()
        self._wanted = next(self._dialogue)

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the host and return the answers; deaf, or after Go, there are none."""
        self._received += data
        while self._running and len(self._received) >= self._wanted:
            taken = bytes(self._received[: self._wanted])
            del self._received[: self._wanted]
            try:
                self._wanted = self._dialogue.send(taken)
            except StopIteration:
                self._received.clear()
        answer = bytes(self._answer)
        self._answer.clear()
        return answer

    @property
    def _running(self) -> bool:
        return self.left is None and not self.deaf

    def _run(self) -> Exchange:
        """Go through a session; each `yield` waits for so many bytes."""
        first = yield 1
        if first[0] != SYNCHRONIZE:
            self.deaf = True
            return
        self._answer += ACK
        while self.left is None:
            code, complement = yield 2
            if code ^ complement != 0xFF or not self._allowed(code):
                self._answer += NACK
                continue
            self._answer += ACK
            yield from self._command(code)

    def _allowed(self, code: int) -> bool:
        if code in (GET, GET_VERSION, GET_ID):
            return True
        return code in LOCKED_BY_READ_PROTECTION and not self._read_protected

    def _command(self, code: int) -> Exchange:
        if code == GET:
            self._answer += bytes((len(COMMANDS), VERSION)) + COMMANDS + ACK
        elif code == GET_VERSION:
            self._answer += bytes((VERSION, 0, 0)) + ACK
        elif code == GET_ID:
            self._answer += b"\x01" + PRODUCT_ID.to_bytes(2, "big") + ACK
        elif code == READ_MEMORY:
            yield from self._read_memory()
        elif code == WRITE_MEMORY:
            yield from self._write_memory()
        elif code == EXTENDED_ERASE:
            yield from self._extended_erase()
        else:
            yield from self._go()

    def _take_address(self) -> Taking:
        """Take four bytes and their checksum; answer them. None when they are refused."""
        data = yield 5
        address = int.from_bytes(data[:4], "big")
        sound = reduce(xor, data) == 0 and FLASH_BASE <= address < FLASH_BASE + FLASH_BYTES
        return self._acknowledge(address, sound=sound)

    def _acknowledge(self, address: int, *, sound: bool) -> int | None:
        self._answer += ACK if sound else NACK
        return address if sound else None

    def _read_memory(self) -> Exchange:
        address = yield from self._take_address()
        if address is None:
            return
        length, complement = yield 2
        offset, count = address - FLASH_BASE, length + 1
        if length ^ complement != 0xFF or offset + count > FLASH_BYTES:
            self._answer += NACK
            return
        self._answer += ACK + self._flash[offset : offset + count]

    def _write_memory(self) -> Exchange:
        address = yield from self._take_address()
        if address is None:
            return
        length = yield 1
        body = yield length[0] + 2
        offset, data = address - FLASH_BASE, body[:-1]
        aligned = address % 4 == 0 and len(data) % 4 == 0
        if reduce(xor, length + body) != 0 or not aligned or (offset + len(data) > FLASH_BYTES):
            self._answer += NACK
            return
        self._program(offset, data)
        self._answer += ACK

    def _program(self, offset: int, data: bytes) -> None:
        """Clear bits: programming cannot set one, which takes an erase."""
        self.words += len(data) // 4
        for index, value in enumerate(data, offset):
            if self._sector_of(index) not in self._write_protected:
                self._flash[index] &= value

    def _extended_erase(self) -> Exchange:
        head = yield 2
        number = int.from_bytes(head, "big")
        if number >= SPECIAL_ERASES:
            checksum = yield 1
            sectors = list(range(len(SECTOR_BYTES)))
            sound = number == MASS_ERASE and reduce(xor, head + checksum) == 0
        else:
            body = yield 2 * (number + 1) + 1
            sectors = [int.from_bytes(body[i : i + 2], "big") for i in range(0, len(body) - 1, 2)]
            known = all(sector < len(SECTOR_BYTES) for sector in sectors)
            sound = known and reduce(xor, head + body) == 0
        if sound:
            self._erase(sectors)
        self._answer += ACK if sound else NACK

    def _erase(self, sectors: Collection[int]) -> None:
        for sector in set(sectors) - self._write_protected:
            first, end = (address - FLASH_BASE for address in sector_range(sector))
            self._flash[first:end] = b"\xff" * (end - first)
            self.words += (end - first) // 4

    def _go(self) -> Exchange:
        address = yield from self._take_address()
        self.left = address

    def _sector_of(self, offset: int) -> int:
        end = 0
        for sector, size in enumerate(SECTOR_BYTES):
            end += size
            if offset < end:
                return sector
        raise AssertionError(offset)
