"""Equal seeds give equal frames, whatever computer, number of threads and order of asking."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fpxi_hwsim.presets import PRESETS
from fpxi_hwsim.scene import Scene
from fpxi_hwsim.source import Exposure, PixelSource
from fpxi_hwsim.specification import SimulationSpecification

KNOWN = Path(__file__).with_name("known_frames.json")
"""digests of the first frames of each preset, seed 1; `python tests/hwsim/test_same_frames.py`
writes it anew"""


def digest(name: str, *, seed: int = 1, noise_seed: int = 0) -> str:
    """Return the digest of three frames: steady, after the beam went off, and without CDS."""
    preset = PRESETS[name]
    specification = SimulationSpecification(preset, seed=seed, noise_seed=noise_seed)
    scene = Scene(specification)
    source = PixelSource(specification, scene)
    widest = int(np.argmax(preset.geometry.full_scale_fC))
    digest = hashlib.blake2b(digest_size=12)
    for beam_on, cds in ((True, True), (False, True), (True, False)):
        scene.beam_on = beam_on
        frame = source.expose(
            Exposure(10_000, 10_000, widest, cds, oversampling=2, bias_mV=preset.working_bias_mV)
        )
        assert frame is not None
        digest.update(frame.astype("<u2").tobytes())
    return digest.hexdigest()


def known() -> dict[str, str]:
    found: dict[str, str] = json.loads(KNOWN.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", PRESETS)
def test_frames_are_those_of_every_other_computer(name: str) -> None:
    assert digest(name) == known()[name]


def test_every_preset_is_held_to_known_frames() -> None:
    assert set(known()) == set(PRESETS)


def test_frames_do_not_depend_on_the_threads_that_make_others() -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(digest, list(PRESETS) * 2))
    assert found == [known()[name] for name in PRESETS] * 2


@pytest.mark.parametrize("name", PRESETS)
def test_other_seeds_give_other_frames(name: str) -> None:
    digests = {digest(name), digest(name, seed=2), digest(name, noise_seed=1)}
    assert len(digests) == 3


def test_frames_do_not_depend_on_what_the_processor_can() -> None:
    """Without the wider vector units numpy and its libraries take other ways."""
    environment = os.environ | {
        "NPY_DISABLE_CPU_FEATURES": " ".join(_features()),
        "OPENBLAS_CORETYPE": "Prescott",
        "OPENBLAS_NUM_THREADS": "3",
    }
    command = [sys.executable, __file__, "--print"]
    printed = subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True, timeout=100
    )
    assert json.loads(printed.stdout) == known()


def _features() -> list[str]:
    """Vector units of this processor that numpy has ways of its own for and can do without."""
    from numpy._core._multiarray_umath import (
        __cpu_baseline__,
        __cpu_dispatch__,
        __cpu_features__,
    )

    return [
        name
        for name in __cpu_dispatch__
        if __cpu_features__.get(name) and name not in __cpu_baseline__
    ]


def main() -> None:
    """Write or print the digests."""
    digests = {name: digest(name) for name in PRESETS}
    text = json.dumps(digests, indent=1) + "\n"
    if "--print" in sys.argv:
        print(text)
    else:
        KNOWN.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
