"""A recording whose process is killed keeps all but its last second."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from datetime import datetime

import h5py
import numpy as np
import pytest

RATE_HZ = 100


@pytest.mark.parametrize("attempt", range(3))
def test_a_killed_recording_opens_and_holds_all_but_the_last_second(attempt, tmp_path) -> None:
    file = tmp_path / "run.h5"
    url = f"sim:tft64?seed={attempt}"
    command = [
        *(sys.executable, "-m", "fpxi", "capture", url, "-n", "100000", "-o", str(file)),
        *("--set", f"frame_period_us={1_000_000 // RATE_HZ}", "--set", "exposure_us=3000"),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until_it_holds_frames(file)
            time.sleep(2 + random.Random(attempt).random() * 2)
        finally:
            process.kill()
            killed_at = time.time()
    with h5py.File(file) as recording:
        detector = recording["entry/instrument/detector"]
        data, numbers = detector["data"][()], detector["sequence_number"][()]
        assert len(data) == len(numbers)
        assert np.array_equal(numbers, np.arange(numbers[0], numbers[0] + len(numbers)))
        assert data.any(axis=(1, 2)).all()
        timestamp_us = detector["timestamp"][()].astype(np.int64)
        began = datetime.fromisoformat(recording["entry/start_time"].asstr()[()]).timestamp()
    newest = began + (timestamp_us[-1] - timestamp_us[0]) / 1e6
    assert killed_at - newest < 1.5, "more than the last second is gone"


def wait_until_it_holds_frames(file) -> None:
    for _ in range(300):
        if file.exists():
            try:
                with h5py.File(file, locking=False) as recording:
                    if len(recording["entry/instrument/detector/data"]) > 0:
                        return
            except (OSError, KeyError):
                pass  # the file is being created at this moment
        time.sleep(0.1)
    pytest.fail("no frame was recorded in 30 s")
