"""Commands and answers over a link: each command is repeated until its answer comes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from fpxi_readout.device_errors import CommandTimeoutError
from fpxi_readout.links.base import Link
from fpxi_readout.protocol.framing import Packet, PacketDecoder, encode_packet
from fpxi_readout.protocol.generated import (
    Ack,
    Command,
    FaultRecord,
    Get,
    Identify,
    Identity,
    LastFault,
    Nack,
    Release,
    Resend,
    SelfTest,
    Set,
    TestResult,
    Value,
)

FIRST_TIMEOUT_S = 0.1
LONGEST_TIMEOUT_S = 0.8
TRIES = 8
# GETs in one write: they fit the smallest buffers of device, module and link.
ASKED_AT_ONCE = 16
QUIET_S = 0.25

Answer = Ack | Identity | Value | FaultRecord | TestResult
A = TypeVar("A", Ack, Identity, Value, FaultRecord, TestResult)

ANSWERS = (Ack, Nack, Identity, Value, FaultRecord, TestResult)
ANSWER_TYPES = frozenset(answer.TYPE for answer in ANSWERS)
# A device does not carry out a command again whose sequence number and content are those of the
# last one that changed something. Commands that change something therefore count on their own:
# two of them in a row never share a number, however many others lie between.
REPEATABLE = (Identify, Get, LastFault, Resend, Release)
NUMBERS = 128


class RefusedError(Exception):
    """A NACK came; `Panel` says it in words."""

    def __init__(self, nack: Nack) -> None:
        super().__init__(nack)
        self.nack = nack


class Connection:
    """A link with its packet decoder, used by one thread.

    What arrives unasked, or answers a command that nobody waits for, goes to `on_packet`.
    """

    def __init__(self, link: Link, clock: Callable[[], float]) -> None:
        self.link = link
        self.clock = clock
        self.decoder = PacketDecoder()
        self.on_packet: Callable[[Packet], None] = _ignore
        self.bytes_sent = 0
        self.retries = 0
        self.last_arrival_s = clock()
        self.last_command_s = clock()
        # Starting anywhere keeps the first command from looking like an earlier host's retry.
        self._changing = random.randrange(NUMBERS)
        self._repeatable = random.randrange(NUMBERS)
        self._awaited: Collection[int] = ()
        self._answers: list[Packet] = []

    def send(self, command: Command) -> int:
        """Send a command that is not waited for; return its sequence number."""
        sequence = self._next_sequence(command)
        self._write_command(encode_packet(command.TYPE, sequence, command.pack()))
        return sequence

    def request(
        self,
        command: Command,
        answer: type[A],
        limit_s: float | None = None,
        first_wait_s: float = FIRST_TIMEOUT_S,
    ) -> A:
        """Send a command until its answer comes; `limit_s` bounds the whole.

        `first_wait_s` is how long an answer may take before the command is sent again.

        Raises
        ------
        RefusedError
            A NACK came.
        CommandTimeoutError
            No answer came.
        LinkLostError
            The link broke.

        """
        sequence = self._next_sequence(command)
        packet = encode_packet(command.TYPE, sequence, command.pack())
        began = self.clock()
        tries = 0
        wait_s = first_wait_s
        while tries < TRIES and (limit_s is None or self.clock() - began < limit_s):
            # The leading 0x00 ends whatever an interrupted transmission left behind.
            self._write_command(packet if tries == 0 else b"\0" + packet)
            tries += 1
            found = self._await(sequence, command, answer, self.clock() + wait_s)
            if found is not None:
                self.retries += tries - 1
                return found
            wait_s = min(2 * wait_s, max(LONGEST_TIMEOUT_S, first_wait_s))
        self.retries += tries - 1
        raise CommandTimeoutError(command_name(command), tries, self.clock() - began)

    def request_values(self, parameters: Sequence[int]) -> dict[int, int]:
        """Ask for parameters without waiting for each; return the values that came, by id.

        Where every way takes tens of milliseconds, one by one would take seconds. What is missing
        in the result was lost or refused: `request` asks for it again, or says why.

        Raises
        ------
        LinkLostError
            The link broke.

        """
        values: dict[int, int] = {}
        for start in range(0, len(parameters), ASKED_AT_ONCE):
            values |= self._values_of(parameters[start : start + ASKED_AT_ONCE])
        return values

    def end_stale_packet(self) -> None:
        """Make the device's receiver begin afresh."""
        self._write(b"\0")

    def pump(self, timeout_s: float) -> None:
        """Read the link once and sort what arrived."""
        data = self.link.read(timeout_s)
        if not data:
            return
        self.last_arrival_s = self.clock()
        awaited, pass_on = self._awaited, self.on_packet
        for packet in self.decoder.feed(data):
            if packet.sequence in awaited and packet.type in ANSWER_TYPES:
                self._answers.append(packet)
            else:
                pass_on(packet)

    def _next_sequence(self, command: Command) -> int:
        if isinstance(command, REPEATABLE):
            self._repeatable = (self._repeatable + 1) % NUMBERS
            return NUMBERS + self._repeatable
        self._changing = (self._changing + 1) % NUMBERS
        return self._changing

    def _write_command(self, data: bytes) -> None:
        self._write(data)
        self.last_command_s = self.clock()

    def _write(self, data: bytes) -> None:
        self.link.write(data)
        self.bytes_sent += len(data)

    def _await(self, sequence: int, command: Command, answer: type[A], deadline: float) -> A | None:
        self._awaited = (sequence,)
        try:
            while True:
                for packet in self._take_answers():
                    found = _match(packet, command, answer)
                    if found is not None:
                        return found
                remaining_s = deadline - self.clock()
                if remaining_s <= 0:
                    return None
                self.pump(remaining_s)
        finally:
            self._awaited = ()

    def _values_of(self, parameters: Sequence[int]) -> dict[int, int]:
        """Ask for a few parameters at once, and wait until all answers came or none come."""
        gets = {self._next_sequence(get): get for get in (Get(parameter=p) for p in parameters)}
        packets = [encode_packet(Get.TYPE, number, get.pack()) for number, get in gets.items()]
        self._write_command(b"".join(packets))
        values: dict[int, int] = {}
        self._awaited = gets
        try:
            deadline = self.clock() + QUIET_S
            while len(values) < len(gets) and (left_s := deadline - self.clock()) > 0:
                self.pump(left_s)
                for packet in self._take_answers():
                    deadline = self.clock() + QUIET_S
                    value = _value_of(packet, gets[packet.sequence])
                    if value is not None:
                        values[value.parameter] = value.value
        finally:
            self._awaited = ()
        return values

    def _take_answers(self) -> list[Packet]:
        answers, self._answers = self._answers, []
        return answers


def _match(packet: Packet, command: Command, answer: type[A]) -> A | None:
    """Return the answer if it belongs to the command; an old one may share its number."""
    if packet.type == Nack.TYPE:
        nack = Nack.unpack(packet.payload)
        if nack.command == command.TYPE:
            raise RefusedError(nack)
        return None
    if packet.type != answer.TYPE:
        return None
    found = answer.unpack(packet.payload)
    return found if _belongs(found, command) else None


def _value_of(packet: Packet, command: Get) -> Value | None:
    """Return the answer if it is the value that was asked for; a refusal is not."""
    try:
        return _match(packet, command, Value)
    except RefusedError:
        return None


def _belongs(answer: Answer, command: Command) -> bool:
    if isinstance(answer, Ack):
        return answer.command == command.TYPE
    if isinstance(answer, Value):
        return isinstance(command, Get | Set) and answer.parameter == command.parameter
    if isinstance(answer, TestResult):
        return isinstance(command, SelfTest) and answer.test == command.test
    if isinstance(answer, FaultRecord):
        return isinstance(command, LastFault)
    return isinstance(command, Identify) and answer.offset == command.offset


def command_name(command: Command) -> str:
    """Return the command's name in the protocol definition, in capitals."""
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", type(command).__name__).upper()


def _ignore(packet: Packet) -> None:
    del packet
