"""How well encoding and frame rate follow a slow link: rate, delay and time to settle.

    python tests/benchmarks/bench_link_pace.py [--json] [--seconds 12] [--url URL]...

By default on simulated panels behind paced lines, in real time; `--url` takes any panel, also one
on Bluetooth. Each is run live twice, left alone and followed. `of possible` is the frame rate
over what the measured capacity carries in the smallest encoding of the same scene (or the
settings' own limit, if that is less). Delays are from the end of an exposure to the arrival of its
frame, less the shortest ever; `settled` is when a second first reaches nine tenths of the frame
rate of the second half of the run, its delay within three frames.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass

import fpxi
import numpy as np
from fpxi.frame_rate_limit import FrameTiming
from fpxi.link_pace_sizes import Coding, link_sizes
from fpxi_readout.frame import Frame

URLS = (
    "sim:tft64?baud=1600000",
    "sim:tft64?baud=1600000&beam=off",
    "sim:tft64?baud=600000",
    "sim:tft64?baud=600000&beam=off",
    "sim:cmos32?baud=600000",
    "sim:cmos32?baud=300000&beam=off",
)
FRAMES_QUEUED = 3.0
PACED = ("encoding", "frame_period_us", "rows_per_chunk")


@dataclass(frozen=True)
class Arrival:
    """A frame, and when it came."""

    at_s: float
    delay_s: float
    frame: Frame


@dataclass(frozen=True)
class Result:
    """One run."""

    url: str
    followed: bool
    frames_per_s: float
    link_Bps: float
    of_possible: float
    delay_ms: float
    worst_delay_ms: float
    settled_s: float | None
    skipped: int
    lost: int
    restored: bool


def smallest(frames: list[Frame]) -> float:
    """Return the bytes of the newest frame in its smallest encoding."""
    return min(link_sizes(frames[-1].samples, frames[0].samples, Coding()).values())


def measure(url: str, followed: bool, seconds: float) -> Result:
    """Run live for so long."""
    arrivals: list[Arrival] = []
    with fpxi.Session(url, follow_link=followed) as session:
        session.wait_connected(30.0)
        before = {name: session.get(name) for name in PACED}
        geometry = session.geometry
        assert geometry is not None
        wanted_hz = FrameTiming.of(session.parameters, geometry).frame_rate_hz
        began_s = time.monotonic()
        with session.frames() as frames:
            session.start()
            for frame in frames:
                now_s = time.monotonic()
                sent_s = 1e-6 * (frame.timestamp_us + frame.exposure_us)
                arrivals.append(Arrival(now_s - began_s, now_s - sent_s, frame))
                if now_s > began_s + seconds:
                    break
            counted = session.statistics()
        session.stop()
        restored = {name: session.get(name) for name in PACED} == before
    capacity_Bps = counted.link_capacity_Bps or counted.link_rate_Bps
    scene = [arrival.frame for arrival in arrivals if arrival.at_s > seconds - 3.0]
    possible_hz = min(wanted_hz, capacity_Bps / smallest(scene))
    at_s = np.array([arrival.at_s for arrival in arrivals])
    delay_s = np.array([arrival.delay_s for arrival in arrivals])
    delay_s -= delay_s.min()
    late = at_s > seconds / 2
    rate_hz = float((late.sum() - 1) / (at_s[late][-1] - at_s[late][0]))
    return Result(
        url=url,
        followed=followed,
        frames_per_s=rate_hz,
        link_Bps=capacity_Bps,
        of_possible=rate_hz / possible_hz,
        delay_ms=1e3 * float(np.median(delay_s[late])),
        worst_delay_ms=1e3 * float(delay_s[late].max()),
        settled_s=settled(at_s, delay_s, rate_hz),
        skipped=counted.link.frames_skipped,
        lost=counted.link.frames_lost,
        restored=restored,
    )


def settled(at_s: np.ndarray, delay_s: np.ndarray, rate_hz: float) -> float | None:
    """Return when the first second begins that is as good as the last ones; None: never."""
    for begin_s in np.arange(0.0, at_s[-1] - 1.0, 0.25):
        within = (at_s >= begin_s) & (at_s < begin_s + 1.0)
        enough = within.sum() >= 0.9 * rate_hz
        if enough and np.median(delay_s[within]) <= FRAMES_QUEUED / rate_hz:
            return float(begin_s)
    return None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--url", action="append")
    options = parser.parse_args()
    results = [
        measure(url, followed, options.seconds)
        for url in options.url or URLS
        for followed in (False, True)
    ]
    if options.json:
        print(json.dumps([asdict(result) for result in results], indent=2))
        return
    for each in results:
        settled_text = "never" if each.settled_s is None else f"{each.settled_s:.1f} s"
        print(
            f"{each.url:32} {'followed' if each.followed else 'left alone':10} "
            f"{each.frames_per_s:6.1f} frames/s, {each.of_possible:.2f} of possible at "
            f"{each.link_Bps / 1e3:.0f} kB/s | delay {each.delay_ms:4.0f} ms, at worst "
            f"{each.worst_delay_ms:4.0f} | settled {settled_text} | skipped "
            f"{each.skipped}, lost {each.lost} | {'restored' if each.restored else 'NOT RESTORED'}"
        )


if __name__ == "__main__":
    main()
