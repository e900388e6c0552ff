"""Kill a recording process at random moments, and see what its file still holds.

    python tests/host/crash_stress.py --kills 200

Prints how many of the files failed: did not open with plain h5py, lacked a frame that was recorded
a second before, or held one that was never recorded.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from fpxi.recording.facts import RecordingFacts
from fpxi.recording.reader import read_recording
from fpxi.recording.recorder import Recording
from fpxi.statistics import NOTHING
from fpxi_readout.frame import Frame
from fpxi_readout.identity import DeviceIdentity
from fpxi_readout.protocol.dictionary import Dictionary
from fpxi_readout.protocol.generated import FrameFlag
from fpxi_readout.protocol.geometry import GainSetting, PanelGeometry

ROWS = COLUMNS = 64
PERIOD_S = 0.01


@dataclass(frozen=True)
class Outcome:
    """What was found in one file."""

    path: Path
    due: int
    """Frames recorded more than a second before the kill."""
    held: int
    """Frames that plain h5py finds whole, from the first on."""
    failure: str
    """Empty: none."""
    reader_failure: str
    """The same for `read_recording`."""


def facts() -> RecordingFacts:
    """Return what a recording needs to know of a device."""
    gains = (GainSetting("1.2 pC", 1200.0),)
    panel = PanelGeometry("stress", ROWS, COLUMNS, 200.0, 0, 16, 56.0, gains)
    identity = DeviceIdentity((1, 0), (0, 1, 0), "STRESS", bytes(32), 0, 0, 0)
    return RecordingFacts("stress", identity, Dictionary((1, 0), panel, {}, {}, {}), {})


def frame(number: int) -> Frame:
    """Return a frame that is known by its number."""
    noise = np.random.default_rng(number).normal(3000.0, 20.0, (ROWS, COLUMNS))
    return Frame(
        number=number,
        timestamp_us=number * 10_000,
        exposure_us=5000,
        gain_setting=0,
        bias_mV=-1000,
        temperature_mC=25_000,
        flags=FrameFlag(0),
        samples=noise.astype(np.uint16),
        row_received=np.ones(ROWS, np.bool_),
    )


def record_for_ever(path: Path) -> None:
    """Record 100 frames a second and tell each on standard output, until killed."""
    recording = Recording(path, facts(), link_statistics=lambda: NOTHING)
    number = 0
    began = time.monotonic()
    while True:
        recording.offer(frame(number))
        os.write(1, f"{number} {time.monotonic()}\n".encode())
        number += 1
        time.sleep(max(0.0, began + number * PERIOD_S - time.monotonic()))


def kill_once(path: Path, after_s: float) -> Outcome:
    """Start a recording, kill it that long after its first frame, and look at the file."""
    command = [sys.executable, __file__, "--record", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline()]
        time.sleep(after_s)
        child.send_signal(signal.SIGKILL)
        killed_at = time.monotonic()
        lines += child.stdout.read().splitlines()
    told = [float(line.split()[1]) for line in lines if len(line.split()) == 2]
    due = sum(at < killed_at - 1.0 for at in told)
    held, failure = plain_h5py_holds(path)
    if not failure and held < due:
        failure = f"holds {held} frames, {due} were due"
    return Outcome(path, due, held, failure, _reader_failure(path, due))


def plain_h5py_holds(path: Path) -> tuple[int, str]:
    """Count the frames that h5py alone finds; say what is wrong with any."""
    try:
        with h5py.File(path) as file:
            detector = file["entry/instrument/detector"]
            data, numbers = detector["data"][:], detector["sequence_number"][:]
    except (OSError, KeyError, RuntimeError) as error:
        return 0, f"{type(error).__name__}: {error}"
    if len(data) != len(numbers):
        return min(len(data), len(numbers)), f"{len(data)} images, {len(numbers)} numbers"
    for number, samples in zip(numbers, data, strict=True):
        if not np.array_equal(samples, frame(int(number)).samples):
            return len(data), f"frame {number} is not what was recorded"
    return len(data), ""


def _reader_failure(path: Path, due: int) -> str:
    try:
        with read_recording(path) as reader:
            for number, read in enumerate(reader):
                if read.number != number or np.any(read.samples != frame(number).samples):
                    return f"frame {number} is not what was recorded"
            return "" if len(reader) >= due else f"holds {len(reader)} frames, {due} were due"
    except Exception as error:  # noqa: BLE001 - whatever it is counts as a failure
        return f"{type(error).__name__}: {error}"


def main() -> int:
    """Run the stress from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--longest", type=float, default=4.0, help="seconds before a kill")
    parser.add_argument("--record", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.record:
        record_for_ever(options.record)
    with tempfile.TemporaryDirectory() as folder:
        outcomes = []
        for index in range(options.kills):
            after_s = random.uniform(1.2, options.longest)
            outcomes.append(kill_once(Path(folder) / f"run{index}.h5", after_s))
            outcomes[-1].path.unlink()
    failed = [outcome for outcome in outcomes if outcome.failure or outcome.reader_failure]
    for outcome in failed:
        print(outcome)
    least = min(outcome.held - outcome.due for outcome in outcomes)
    print(
        f"{len(failed)} of {len(outcomes)} files failed; least surplus over what was due: {least}"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
