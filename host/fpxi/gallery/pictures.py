"""One picture of the gallery: from power-on of a simulated panel to corrected values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
from fpxi_imaging import Calibration, CalibrationError, PixelFlag

from fpxi.calibration.runs import calibration_from_recordings
from fpxi.export.images import Image, Images
from fpxi.export.scan import Scan, ScanSource
from fpxi.export.sources import Flags, ImageSource, open_source
from fpxi.frame_rate_limit import FrameTiming
from fpxi.gallery.exposure import choose_exposure
from fpxi.gallery.objects import COARSE
from fpxi.image_key import ImageKey
from fpxi.opening import open as open_session

if TYPE_CHECKING:
    from fpxi_hwsim.presets import Preset

OPEN_BEAM = "none"
CALIBRATION_FRAMES = 32
SCANNED = 32
"""rows and columns of pixels of a scan, at least"""
MOVING_S = 2.0
"""how long something that moves is looked at"""
MOVING_PERIOD_US = 50_000
"""from one frame of it to the next, at least"""
NOTHING_MORE: Mapping[str, int] = MappingProxyType({})
"""no settings beside those of the other pictures"""
SMALL_ARRAY = 16
"""rows up to which an array is stepped over its object"""


@dataclass(frozen=True, slots=True)
class Picture:
    """Values (rows, columns) float32 with their flags, and how they were taken."""

    preset: str
    object: str
    values: npt.NDArray[np.float32]
    flags: Flags
    url: str
    settings: Mapping[str, int]
    range: str
    """full-scale range of the front end"""
    dose_rate_Gy_s: float
    dose_frames: int
    """frames that one of its pixels is made of"""
    how: str
    """what was done with the frames, in words"""

    @property
    def dose_Gy(self) -> float:
        """Air kerma in the panel's plane without the object."""
        return self.dose_rate_Gy_s * self.settings["exposure_us"] * 1e-6 * self.dose_frames


@dataclass(slots=True)
class Bench:
    """A simulated panel that is powered on anew for every picture, at the same settings."""

    preset: Preset
    folder: Path
    frames: int
    """averaged in each picture"""
    settings: dict[str, int] = field(default_factory=dict)
    range: str = ""
    period_us: int = 0
    calibration: Calibration | None = None
    uncorrected: str = ""
    """why there is no calibration"""

    def prepare(self) -> None:
        """Find the exposure, and make a calibration from darks and flats."""
        if not self.preset.own_supply:
            self.settings["bias_mV"] = self.preset.working_bias_mV
        with open_session(self._url(OPEN_BEAM)) as session:
            for name, value in self.settings.items():
                session.set(name, value)
            choose_exposure(session)
            for name in ("exposure_us", "gain_setting"):
                self.settings[name] = session.get(name)
            assert session.geometry is not None
            self.range = session.geometry.gain_settings[self.settings["gain_setting"]].name
            self.period_us = FrameTiming.of(session.parameters, session.geometry).period_us
        dark = self._record(f"{self._url(OPEN_BEAM)}&beam=off", CALIBRATION_FRAMES, ImageKey.DARK)
        flat = self._record(self._url(OPEN_BEAM), CALIBRATION_FRAMES, ImageKey.FLAT)
        try:
            self.calibration = calibration_from_recordings(dark, flat)
        except CalibrationError as error:
            self.uncorrected = str(error)

    def take(self, name: str) -> Picture:
        """Return the picture of an object: still, moving, or scanned."""
        if moves(name):
            return self._take_moving(name)
        scan = None if name in COARSE else scan_of(self.preset)
        return self._take_still(name) if scan is None else self._take_scan(name, scan)

    def _take_still(self, name: str) -> Picture:
        def mean(source: ImageSource) -> Image:
            return Images(source, list(range(self.frames)), average=True).mean()

        how = f"mean of {self.frames} frames"
        return self._take(name, name, self.frames, mean, dose_frames=self.frames, how=how)

    def _take_moving(self, name: str) -> Picture:
        period_us = max(MOVING_PERIOD_US, self.period_us)
        quarter = max(1, round(MOVING_S * 1e6 / period_us) // 4)
        chosen = [part * quarter for part in range(4)]

        def shots(source: ImageSource) -> Image:
            return _two_by_two([source.image(index) for index in chosen])

        times = ", ".join(f"{index * period_us * 1e-6:.3g}" for index in chosen)
        how = f"single frames at {times} s"
        slow = {"frame_period_us": period_us}
        return self._take(name, name, chosen[-1] + 1, shots, slow, dose_frames=1, how=how)

    def _take_scan(self, name: str, scan: Scan) -> Picture:
        assert scan.rows is not None
        steps = scan.rows * scan.columns

        def join(source: ImageSource) -> Image:
            return ScanSource(source, range(steps), scan).image(0)

        size = f"columns={scan.columns},rows={scan.rows}"
        moved = f"{name}@raster:{size},dwell_ms={self.period_us / 1000:g}"
        how = f"scan of {scan.columns} x {scan.rows} steps, a frame each"
        return self._take(name, moved, steps, join, dose_frames=1, how=how)

    def _take(
        self,
        name: str,
        scene_object: str,
        count: int,
        read: Callable[[ImageSource], Image],
        more: Mapping[str, int] = NOTHING_MORE,
        *,
        dose_frames: int,
        how: str,
    ) -> Picture:
        url = self._url(scene_object)
        recording = self._record(url, count, ImageKey.IMAGE, more)
        with open_source(recording, self.calibration) as source:
            values, flags = read(source)
        return Picture(
            preset=self.preset.name,
            object=name,
            values=np.ascontiguousarray(values, np.float32),
            flags=np.ascontiguousarray(flags),
            url=url,
            settings=self.settings,
            range=self.range,
            dose_rate_Gy_s=self.preset.beam.dose_rate_Gy_s,
            dose_frames=dose_frames,
            how=how,
        )

    def _url(self, name: str) -> str:
        return f"sim:{self.preset.name}?time=virtual&object={quote(name, safe='@:=,/')}"

    def _record(
        self, url: str, count: int, key: ImageKey, more: Mapping[str, int] = NOTHING_MORE
    ) -> Path:
        path = self.folder / f"{key.name.lower()}.h5"
        with open_session(url) as session:
            for name, value in {**self.settings, **more}.items():
                session.set(name, value)
            session.capture(count, path, image_key=key, overwrite=True)
        return path


def moves(name: str) -> bool:
    """Whether an object moves, or moves within itself."""
    from fpxi_hwsim.physics.object import ImagePlane, make_object  # noqa: PLC0415

    return make_object(name, ImagePlane((2, 2), 100.0)).moving


def scan_of(preset: Preset) -> Scan | None:
    """Return how a panel that makes no picture by itself is moved; None for the others."""
    rows, columns = preset.geometry.shape
    if rows == 1 < columns:
        return Scan(1, columns)
    if rows <= SMALL_ARRAY:
        return Scan(-(-SCANNED // columns), -(-SCANNED // rows))
    return None


def _two_by_two(shots: Sequence[Image]) -> Image:
    """Join four frames, the first on the upper left, with a line between them."""
    height, width = shots[0][0].shape
    values = np.full((2 * height + 1, 2 * width + 1), np.nan, np.float32)
    flags = np.full(values.shape, PixelFlag.NOT_IMAGING, np.uint8)
    for index, shot in enumerate(shots):
        top, left = (index // 2) * (height + 1), (index % 2) * (width + 1)
        place = slice(top, top + height), slice(left, left + width)
        values[place], flags[place] = shot
    return values, flags
