"""Feed anything to what reads bytes from a device: nothing may crash, hang or grow.

`python tests/fuzz/fuzz_decoder.py --seconds 60 [CORPUS_DIRECTORY]` (dependency group `fuzz`).
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import zlib

import atheris
import imagecodecs

with atheris.instrument_imports(include=["fpxi_readout"]):
    from fpxi_readout.explanation import explain_event
    from fpxi_readout.inbox import Inbox
    from fpxi_readout.protocol.assembly import MAX_FRAMES_IN_PROGRESS, FrameAssembler
    from fpxi_readout.protocol.dictionary import DictionaryError, parse
    from fpxi_readout.protocol.framing import LONGEST_ENCODED, PacketDecoder, encode_packet
    from fpxi_readout.protocol.generated import Encoding, Event, FrameChunk, FrameFlag, FrameHeader
    from fpxi_readout.protocol.geometry import GainSetting, PanelGeometry

PANEL = PanelGeometry("fuzz", 16, 8, 200.0, 0, 16, 56.0, (GainSetting("x", 1.0),))
MEMORY_LIMIT_MB = 1024
INPUT_LIMIT = 8192
NOTIFICATION_BYTES = (20, 495)
"""of a Bluetooth link: ATT_MTU - 3, from the least to what controllers offer"""
LONGEST_STREAM = 65536


def decode(data: atheris.FuzzedDataProvider) -> None:
    """Bytes as they come."""
    decoder = PacketDecoder()
    assemblers = [_assembler(reliable=False), _assembler(reliable=True)]
    while data.remaining_bytes():
        for packet in decoder.feed(data.ConsumeBytes(data.ConsumeIntInRange(1, 4096))):
            for assembler in assemblers:
                _give(assembler, packet.type, packet.payload)
        assert len(decoder._rest) <= LONGEST_ENCODED
    for assembler in assemblers:
        _settle(assembler)


def assemble(data: atheris.FuzzedDataProvider) -> None:
    """Packets whose CRC is right, with any content: past the first gate."""
    decoder = PacketDecoder()
    inbox = Inbox()
    assembler = _assembler(reliable=data.ConsumeBool())
    while data.remaining_bytes():
        kind = data.PickValueInList([FrameHeader.TYPE, FrameChunk.TYPE, Event.TYPE])
        payload = _header(data) if kind == FrameHeader.TYPE else _chunk(data)
        packets = decoder.feed(encode_packet(kind, data.ConsumeIntInRange(0, 255), payload))
        assert len(packets) == 1
        _give(assembler, kind, payload)
        inbox.packet(packets[0])
        if data.ConsumeBool():
            assembler.give_up(data.ConsumeIntInRange(0, 8))
        if data.ConsumeIntInRange(0, 9) == 0:
            assembler.close(data.ConsumeIntInRange(0, 2**32))
    for event in inbox.take_events():
        explain_event(event, DICTIONARY)
    _settle(assembler)


def notify(data: atheris.FuzzedDataProvider) -> None:
    """Packets and junk in notifications of a radio link, which cut them anywhere."""
    stream = bytearray()
    while data.remaining_bytes() and len(stream) < LONGEST_STREAM:
        stream += _piece_of_stream(data)
    smallest, largest = NOTIFICATION_BYTES
    size = smallest + zlib.crc32(stream) % (largest - smallest + 1)  # one link keeps to one size
    decoder, whole = PacketDecoder(), PacketDecoder()
    assembler, inbox = _assembler(reliable=bool(size % 2)), Inbox()
    found = []
    for start in range(0, len(stream), size):
        packets = decoder.feed(bytes(stream[start : start + size]))
        assert len(decoder._rest) <= LONGEST_ENCODED
        for packet in packets:
            _give(assembler, packet.type, packet.payload)
            inbox.packet(packet)
        found += packets
    assert found == whole.feed(bytes(stream))
    _settle(assembler)


def _piece_of_stream(data: atheris.FuzzedDataProvider) -> bytes:
    kind = data.PickValueInList([FrameHeader.TYPE, FrameChunk.TYPE, Event.TYPE, 0, 1, 2])
    sequence = data.ConsumeIntInRange(0, 255)
    if kind == FrameHeader.TYPE:
        return encode_packet(kind, sequence, _header(data))
    if kind == FrameChunk.TYPE:
        return encode_packet(kind, sequence, _chunk(data))
    if kind == Event.TYPE:
        return encode_packet(kind, sequence, data.ConsumeBytes(data.ConsumeIntInRange(0, 20)))
    if kind == 0:  # fragments without an end
        return (data.ConsumeBytes(1) or b"\1") * data.ConsumeIntInRange(0, 2 * LONGEST_ENCODED)
    return data.ConsumeBytes(data.ConsumeIntInRange(0, 600))


def read_dictionary(data: atheris.FuzzedDataProvider) -> None:
    """A dictionary that a device might serve."""
    content = data.ConsumeBytes(data.remaining_bytes())
    for compressed, text in ((content, b""), (zlib.compress(content), content)):
        try:
            parse(compressed, hashlib.sha256(text).digest())
        except DictionaryError:
            continue


TARGETS = (decode, assemble, notify, read_dictionary)

DICTIONARY_TEXT = b"""{"protocol": {"major": 1, "minor": 0},
"panel": {"name": "x", "rows": 1, "columns": 1, "pitch_um": 1, "process_ring": 0, "adc_bits": 1,
"line_time_us": 1, "gain_settings": [{"name": "x", "full_scale_fC": 1}]},
"enumerations": {"event_code": {"help": "", "boot": {"value": 1, "help": "a; detail: b"}}},
"parameters": {}, "commands": {}}"""
DICTIONARY = parse(zlib.compress(DICTIONARY_TEXT), hashlib.sha256(DICTIONARY_TEXT).digest())


def one_input(raw: bytes) -> None:
    """Run one of the targets."""
    data = atheris.FuzzedDataProvider(raw)
    TARGETS[data.ConsumeIntInRange(0, len(TARGETS) - 1)](data)


def _assembler(*, reliable: bool) -> FrameAssembler:
    return FrameAssembler(PANEL, first_frame=0, reliable=reliable)


def _give(assembler: FrameAssembler, kind: int, payload: bytes) -> None:
    if kind == FrameHeader.TYPE:
        assembler.add_header(payload)
    elif kind == FrameChunk.TYPE:
        assembler.add_chunk(payload)
    incomplete = list(assembler.incomplete())
    assert len(incomplete) <= MAX_FRAMES_IN_PROGRESS + 2
    assert all(len(list(frame.missing())) <= PANEL.rows for frame in incomplete)
    early = PANEL.rows * (FrameChunk.STRUCT.size + 2 * PANEL.columns)
    assert all(frame.early_bytes <= early for frame in incomplete)


def _settle(assembler: FrameAssembler) -> None:
    """Every frame number up to the last seen must end in one of the counters."""
    assembler.close(assembler.end_seen)
    frames = assembler.take()
    numbers = [frame.number for frame in frames]
    counters = assembler.counters
    assert numbers == sorted(set(numbers))
    assert all(frame.samples.shape[0] <= PANEL.rows for frame in frames)
    accounted = counters.frames_received + counters.frames_lost + counters.frames_skipped
    assert accounted == assembler.end_seen == assembler.next_due


def _header(data: atheris.FuzzedDataProvider) -> bytes:
    rows = data.PickValueInList([16, 16, 16, 5, 0, 17, 65535])
    rows_per_chunk = data.PickValueInList([4, 4, 4, 1, 3, 0, 16, 255])
    chunks = -(-rows // max(rows_per_chunk, 1)) + data.PickValueInList([0, 0, 0, 1])
    frame = data.PickValueInList([0, 1, 2, 3, 5, 300, 2**32 - 1])
    columns = data.PickValueInList([8, 8, 3, 0, 65535])
    header = FrameHeader(
        frame,
        0,
        0,
        0,
        0,
        data.PickValueInList([0, FrameFlag.KEY, 65535]),
        rows,
        columns,
        chunks % 65536,
        0,
        rows_per_chunk,
        data.PickValueInList([0, 0, 8, 65535]),
        data.PickValueInList([0, 0, 4, 65535]),
        data.PickValueInList([0, 1, 2, 255]),
        1,
        1,
        data.PickValueInList([8, 8, 16, 64, 0, 13]),
        data.PickValueInList([128, 128, 1, 4096, 0, 65535]),
        1,
        data.PickValueInList([0, 0, 1, 2, 300, 2**32 - 1]),
    )
    return header.pack()[: data.PickValueInList([99, 99, 99, 34, 7])]


def _chunk(data: atheris.FuzzedDataProvider) -> bytes:
    frame = data.PickValueInList([0, 1, 2, 3, 5, 300, 2**32 - 1])
    row_count = data.PickValueInList([4, 4, 1, 3, 0, 255])
    first_row = data.PickValueInList([0, 4, 8, 12, 3, 15, 16, 65535])
    encoding = data.PickValueInList([*Encoding, 255])
    size = row_count * {1: 14, 2: 12}.get(encoding, 16) + data.PickValueInList([0, 0, 0, 1])
    samples = data.ConsumeBytes(size).ljust(size % 2000)
    if encoding in (Encoding.AEC, Encoding.AEC_REFERENCE):
        samples = _coded(data, samples)
    return FrameChunk(frame, first_row, row_count, encoding, samples).pack()


def _coded(data: atheris.FuzzedDataProvider, values: bytes) -> bytes:
    """Values well coded, or cut short, or bytes that nobody coded."""
    whole = values[: len(values) // 2 * 2]
    if not whole or data.ConsumeBool():
        return values
    coded: bytes = imagecodecs.aec_encode(
        whole, bitspersample=16, flags=data.PickValueInList([0, 8]), blocksize=8, rsi=128
    )
    return coded[: data.PickValueInList([len(coded), len(coded), len(coded) // 2])]


def main() -> None:
    """Run for a number of seconds; a failing input ends the process with an error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("corpus", nargs="*", help="folders of inputs to begin from")
    options = parser.parse_args()
    flags = [
        f"-max_total_time={options.seconds}",
        f"-rss_limit_mb={MEMORY_LIMIT_MB}",
        f"-max_len={INPUT_LIMIT}",
        "-timeout=10",
    ]
    atheris.Setup([sys.argv[0], *flags, *options.corpus], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
