"""Frames a second over Bluetooth LE, beside what the radio can carry; first frame; processor time.

    python tests/benchmarks/bench_bluetooth.py [--json] [--seconds 2] [--quick]

The simulated panel is served by `fpxi sim serve --ble` in another process, on its virtual radio,
and read by bleak's BlueZ backend, without loss (`reliable`). Every frame is compared with that of
the same panel in this process, in virtual time: a table of frames that differ would be worthless,
so any difference ends the run.

- frames/s and kB/s: by this computer's clock, after the first frames; kB/s of wire protocol.
- limit: bytes a second of notifications of 495 bytes, which fill two packets of the air, in perfect
  and encrypted air at this interval and PHY (`fpxi_hwsim.bluetooth.air_time`); ratio: kB/s over it.
- first frame: from the start of `fpxi capture -n 1` to its end, for a host that the panel knows and
  for one that has to pair first; the peer is the same command on a TCP socket.
- CPU: processor time of the host's process, and of the simulator's with radio and org.bluez in it,
  over the time of one streaming row; 1.0 is one core.

Linux only, as org.bluez is.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import fpxi
import numpy as np
from fpxi_hwsim.bluetooth.air_time import limit_bytes_per_s
from fpxi_hwsim.bluetooth.conditions import PhyName, RadioConditions

PANELS = ("tft64", "cmos32")
SCENES = {"dark": "beam=off", "exposed": "beam=on"}
ENCODINGS = ("raw16", "packed14", "aec", "aec_reference")
INTERVALS_MS = (7.5, 15.0, 30.0)
PHYS: tuple[PhyName, ...] = ("1M", "2M")
NOTIFICATION_BYTES = 495
"""the longest that the module sends where the host takes an MTU of 517, as BlueZ does"""
SETTLING_FRAMES = 10
WAIT_S = 30.0
BUS = "DBUS_SYSTEM_BUS_ADDRESS"


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table."""

    panel: str
    scene: str
    encoding: str
    interval_ms: float
    phy: PhyName

    @property
    def url(self) -> str:
        """The simulation."""
        return f"sim:{self.panel}?{SCENES[self.scene]}"


@dataclass(frozen=True, slots=True)
class Row:
    """What a case came to."""

    frames_per_s: float
    bytes_per_s: float
    limit_bytes_per_s: float
    bytes_per_frame: float
    frames_compared: int
    host_cpu: float
    simulator_cpu: float

    @property
    def ratio(self) -> float:
        """How much of the radio's limit was used."""
        return self.bytes_per_s / self.limit_bytes_per_s


@contextmanager
def served(url: str, *options: str) -> Iterator[tuple[str, int]]:
    """Serve a panel in another process; give its URL and the process's number."""
    command = [sys.executable, "-m", "fpxi", "sim", "serve", url, "--control-stdin", *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            where = server.stdout.readline().strip()
            if where.startswith("ble:"):
                os.environ[BUS] = server.stdout.readline().strip().removeprefix(f"{BUS}=")
            yield where, server.pid
        finally:
            server.stdin.close()


def radio(interval_ms: float, phy: PhyName) -> tuple[str, ...]:
    """Return the options for such a radio."""
    return ("--ble", "--radio", f"interval_ms={interval_ms:g}", "--radio", f"phy={phy}")


def processor_s(process: int) -> float:
    """Return the processor time that a process has used so far."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(case: Case, seconds: float) -> Row:
    """Stream frames without loss for so long, and compare each with its twin."""
    with (
        served(case.url, *radio(case.interval_ms, case.phy)) as (where, simulator),
        fpxi.Session(where, follow_link=False) as session,
    ):
        session.begin()
        session.wait_connected(WAIT_S)
        session.set("encoding", case.encoding)
        session.set("rows_per_chunk", 16)
        session.set("exposure_us", 5000)
        with session.frames(timeout_s=WAIT_S) as frames:
            session.start(reliable=True)
            taken = [next(frames) for _ in range(SETTLING_FRAMES)]
            began, bytes_before = time.monotonic(), session.statistics().link.bytes_received
            host_s, simulator_s = time.process_time(), processor_s(simulator)
            while time.monotonic() < began + seconds:
                taken.append(next(frames))
            wall_s = time.monotonic() - began
            bytes_received = session.statistics().link.bytes_received - bytes_before
            host_s, simulator_s = time.process_time() - host_s, processor_s(simulator) - simulator_s
            session.stop()
    compare(case, [frame.samples for frame in taken])
    conditions = RadioConditions(interval_ms=case.interval_ms, phy=case.phy)
    measured = len(taken) - SETTLING_FRAMES
    return Row(
        frames_per_s=measured / wall_s,
        bytes_per_s=bytes_received / wall_s,
        limit_bytes_per_s=limit_bytes_per_s(conditions, NOTIFICATION_BYTES),
        bytes_per_frame=bytes_received / measured,
        frames_compared=len(taken),
        host_cpu=host_s / wall_s,
        simulator_cpu=simulator_s / wall_s,
    )


def compare(case: Case, received: list[np.ndarray]) -> None:
    """Raise unless the frames are those of the same panel in this process."""
    with fpxi.open(f"{case.url}&time=virtual") as session:
        session.set("exposure_us", 5000)
        with session.frames(len(received), timeout_s=WAIT_S) as frames:
            session.start(len(received), reliable=True)
            for number, (mine, frame) in enumerate(zip(received, frames, strict=True)):
                if not np.array_equal(mine, frame.samples):
                    raise RuntimeError(f"{case}: frame {number} differs from its twin")


def first_frame_s() -> dict[str, float]:
    """Return how long `fpxi capture -n 1` takes, over Bluetooth and beside it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "one.h5"
        with served("sim:tft64", "--tcp", "127.0.0.1:0") as (where, _):
            peer = capture_one_s(f"socket://{where}", file)
        with served("sim:tft64", *radio(15.0, "2M")) as (where, _):
            pairing = capture_one_s(where, file)
            return {
                "tcp_s": peer,
                "ble_pairing_first_s": pairing,
                "ble_paired_s": capture_one_s(where, file),
            }


def capture_one_s(url: str, file: Path) -> float:
    """Time the capture of one frame, from command to prompt."""
    command = [sys.executable, "-m", "fpxi", "capture", url, "-n", "1", "-o", str(file)]
    began = time.perf_counter()
    subprocess.run([*command, "--overwrite"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def cases(*, quick: bool) -> list[Case]:
    """Return the rows of the table."""
    if quick:
        return [Case("tft64", "dark", "aec_reference", 15.0, "2M")]
    return [Case(*of) for of in itertools.product(PANELS, SCENES, ENCODINGS, INTERVALS_MS, PHYS)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each row")
    parser.add_argument("--quick", action="store_true", help="one row")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = []
    for case in cases(quick=options.quick):
        row = measure(case, options.seconds)
        results.append({**asdict(case), **asdict(row), "ratio": row.ratio})
        if not options.json:
            print(
                f"{case.panel:6} {case.scene:7} {case.encoding:13} {case.interval_ms:4g} ms "
                f"{case.phy}  {row.frames_per_s:6.1f} frames/s of {row.bytes_per_frame:5.0f} bytes"
                f"  {row.bytes_per_s / 1000:5.1f} of {row.limit_bytes_per_s / 1000:5.1f} kB/s, "
                f"ratio {row.ratio:.2f}; CPU host {row.host_cpu:.2f} simulator "
                f"{row.simulator_cpu:.2f}; {row.frames_compared} frames equal",
                flush=True,
            )
    first = first_frame_s()
    if options.json:
        print(json.dumps({"rows": results, "first_frame": first}, indent=2))
        return
    for name, seconds in first.items():
        print(f"{name:20} {seconds:5.2f} s, {seconds / first['tcp_s']:.2f} of the TCP socket's")


if __name__ == "__main__":
    main()
