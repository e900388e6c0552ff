"""What the board's second link carries to a Bluetooth module, in the emulated board's own time.

    python tests/benchmarks/bench_module_link.py [--json] [--seconds 3]

The release image, executed with the panel at its pins; frames leave by USART2 at the default
`module_baud`, one start and one stop bit to a byte, to a module that is always ready. Exposures
follow each other without a pause, in live delivery: what the link does not carry is skipped. Dark
is without beam; exposed is the preset's beam and object. `real time` is how fast the emulator ran.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from typing import Any

from boards import BITS_PER_BYTE, EMULATED, describe, release_elf
from fpxi_readout.protocol import generated as p
from fpxi_readout.protocol.assembly import FrameAssembler
from fpxi_readout.protocol.framing import PacketDecoder, encode_packet
from rig import Rig

ENCODINGS = (
    p.Encoding.RAW16,
    p.Encoding.PACKED14,
    p.Encoding.AEC,
    p.Encoding.AEC_REFERENCE,
)
EXPOSURES_US = {"tft64": 10_000, "cmos32": 10_000}
SETTLE_US = 500_000
STEP_US = 5000


class Module:
    """A Bluetooth module that takes whatever the board has for it."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._decoder = PacketDecoder()
        self._assembler = FrameAssembler(rig.panel, first_frame=0, reliable=False)
        self.bytes = 0
        self.frames = 0

    def send(self, command: Any) -> None:
        """Send a command, and let the board answer."""
        self._sort(self._rig.device.exchange(encode_packet(command.TYPE, 1, command.pack())))
        self.take(20_000)

    def take(self, duration_us: int) -> None:
        """Let time pass."""
        end_us = self._rig.now_us + duration_us
        while self._rig.now_us < end_us:
            self._rig.run(STEP_US)
            self._sort(self._rig.device.exchange(b""))

    def _sort(self, data: bytes) -> None:
        self.bytes += len(data)
        for packet in self._decoder.feed(data):
            if packet.type == p.FrameHeader.TYPE:
                self._assembler.add_header(packet.payload)
            elif packet.type == p.FrameChunk.TYPE:
                self._assembler.add_chunk(packet.payload)
        self.frames += sum(bool(frame.row_received.all()) for frame in self._assembler.take())


def measure(panel: str, scene: str, encoding: p.Encoding, seconds: float) -> dict[str, Any]:
    """Return frames and bytes per second of one case."""
    rig = Rig(EMULATED, panel, seed=5, beam="off" if scene == "dark" else "on")
    rig.set(encoding=encoding, exposure_us=EXPOSURES_US[panel])
    limit_Bps = rig.get("module_baud") / BITS_PER_BYTE
    module = Module(rig)
    module.send(p.Start(0))
    module.take(SETTLE_US)
    frames, count, began_us = module.frames, module.bytes, rig.now_us
    began_s = time.perf_counter()
    module.take(round(seconds * 1e6))
    took_s, wall_s = (rig.now_us - began_us) * 1e-6, time.perf_counter() - began_s
    return {
        "panel": panel,
        "scene": scene,
        "encoding": encoding.name.lower(),
        "frames_per_s": (module.frames - frames) / took_s,
        "bytes_per_s": (module.bytes - count) / took_s,
        "of_limit": (module.bytes - count) / took_s / limit_Bps,
        "real_time": took_s / wall_s,
    }


def main() -> None:
    """Print every case."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=3.0, help="of the board's time, each case")
    options = parser.parse_args()
    image = describe(release_elf())
    cases = itertools.product(EXPOSURES_US, ("dark", "exposed"), ENCODINGS)
    results = [measure(*case, options.seconds) for case in cases]
    if options.json:
        print(json.dumps({"image": image, "cases": results}, indent=2))
        return
    print(image)
    print(f"{'':32}{'frames/s':>10}{'kB/s':>8}{'of limit':>10}{'real time':>11}")
    for case in results:
        name = f"{case['panel']} {case['scene']} {case['encoding']}"
        figures = f"{case['frames_per_s']:10.1f}{case['bytes_per_s'] / 1e3:8.1f}"
        print(f"{name:32}{figures}{case['of_limit']:10.1%}{case['real_time']:10.1f}x")


if __name__ == "__main__":
    main()
