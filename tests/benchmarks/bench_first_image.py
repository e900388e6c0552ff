"""How long a user waits for the first picture, from the command to its pixels in the window.

    python tests/benchmarks/bench_first_image.py [--json] [--rounds 5]

`first start` has an empty kernel cache, `later starts` a full one (raw frames are shown while
kernels are compiled); `settled` is the time of a whole screenshot, with kernels ready and the
histogram drawn. The window is offscreen. The peer that cannot be beaten is a bare window: Python,
Qt and pyqtgraph imported, an empty image shown and saved. Ratios are of medians, runs in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BARE_WINDOW = """
import numpy, pyqtgraph
from PySide6.QtWidgets import QApplication
application = QApplication([])
window = pyqtgraph.GraphicsLayoutWidget()
window.addPlot().addItem(pyqtgraph.ImageItem(numpy.zeros((64, 64))))
window.show()
application.processEvents()
window.grab().save({path!r})
import os
os._exit(0)  # left to the interpreter's end, pyqtgraph's window may crash it
"""


VIEWER = """
import os
from fpxi.session import Session
from fpxi_gui.application import make_application
from fpxi_gui.calibrating import load, runner
from fpxi_gui.controller import ViewerController
from fpxi_gui.window import ViewerWindow
session = Session("sim:tft64")
application = make_application()
controller = ViewerController(session, load_calibration=load, run_calibration=runner(session))
window = ViewerWindow(controller, None)
window.begin()
while window.state is None or window.state.picture is None:
    application.processEvents()
window.grab().save({path!r})
os._exit(0)
"""


def first_picture(folder: Path, cache: Path) -> float:
    """Return the seconds that the viewer takes to its first picture."""
    picture = folder / "first.png"
    code = VIEWER.format(path=str(picture))
    return run(["-c", code], {"NUMBA_CACHE_DIR": str(cache)}, picture)


def settled(folder: Path, cache: Path) -> float:
    """Return the seconds of a whole `fpxi view --screenshot`."""
    picture = folder / "settled.png"
    command = ["-m", "fpxi", "view", "sim:tft64", "--screenshot", str(picture)]
    command += ["--frames", "1", "--overwrite"]
    return run(command, {"NUMBA_CACHE_DIR": str(cache)}, picture)


def bare_window(folder: Path) -> float:
    """Return the seconds that an empty window takes."""
    picture = folder / "bare.png"
    return run(["-c", BARE_WINDOW.format(path=str(picture))], {}, picture)


def run(arguments: list[str], extra: dict[str, str], picture: Path) -> float:
    """Time one process that has to leave a picture."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", **extra}
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments], check=True, env=environment, stdout=subprocess.DEVNULL
    )
    seconds = time.perf_counter() - began
    if not picture.stat().st_size:
        raise RuntimeError(f"{picture} is empty")
    return seconds


def measure(rounds: int) -> dict[str, float]:
    """Return the medians, in seconds."""
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for count in range(rounds):
            empty, full = folder / f"empty{count}", folder / "full"
            settled(folder, full)
            for case, value in (
                ("bare_window_s", bare_window(folder)),
                ("first_start_s", first_picture(folder, empty)),
                ("later_starts_s", first_picture(folder, full)),
                ("settled_s", settled(folder, full)),
            ):
                seconds.setdefault(case, []).append(value)
    return {case: statistics.median(values) for case, values in seconds.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = measure(options.rounds)
    bare = result["bare_window_s"]
    if options.json:
        print(json.dumps(result, indent=2))
        return
    for name, seconds in result.items():
        print(f"{name:16} {seconds:6.2f} s  {seconds / bare:5.2f} bare windows")


if __name__ == "__main__":
    main()
