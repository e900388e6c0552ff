"""An image or an array file as an object."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from fpxi_hwsim.errors import ObjectError
from fpxi_hwsim.physics.materials.catalogue import find_material
from fpxi_hwsim.physics.object.canvas import Canvas
from fpxi_hwsim.physics.object.maps import ThicknessMaps
from fpxi_hwsim.physics.object.plane import Map
from fpxi_hwsim.physics.object.thing import FARTHEST_MM, Thing, require_size, require_thickness

ARRAY_SUFFIX = ".npy"
Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture(Thing):
    """A file as a map of transmission (white transmits all), or of a material's thickness.

    With a material, an image is `thickness_mm` thick where it is black and nothing where it is
    white; an array without `thickness_mm` gives the thickness itself, in mm. It keeps its
    proportions and is `width_mm` wide, or fits the field.
    """

    path: str = ""
    material: str | None = None
    thickness_mm: float | None = None
    width_mm: float | None = None

    _absorbance: Map = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        Thing.__post_init__(self)
        if self.material is not None:
            find_material(self.material)
        require_size("width_mm", self.width_mm)
        if self.thickness_mm is not None:
            require_thickness("thickness_mm", self.thickness_mm)
        values = read_absorbance(self.path, thickness=self.is_thickness)
        object.__setattr__(self, "_absorbance", values)

    @property
    def is_thickness(self) -> bool:
        """Whether the file's values are millimetres."""
        is_array = Path(self.path).suffix == ARRAY_SUFFIX
        return is_array and self.material is not None and self.thickness_mm is None

    def draw(self, canvas: Canvas) -> ThicknessMaps:
        """Return its transmission or thickness, the mean over each fine pixel."""
        placed = self._place(self._absorbance, canvas)
        if self.material is None:
            return ThicknessMaps(canvas.shape, canvas.oversampling, {}, transmission=1 - placed)
        scale = 1.0 if self.thickness_mm is None else self.thickness_mm
        return canvas.maps({self.material: placed * np.float32(scale)})

    def _place(self, values: Map, canvas: Canvas) -> Map:
        """Bring values to the fine grid; outside of them is zero.

        Larger pictures are averaged over the fine pixels first, smaller ones keep their own.
        """
        from scipy import ndimage  # noqa: PLC0415 (slow to load, and only for pictures)

        most, scale = values.max(), self._scale(canvas, values.shape)
        if scale < 1:
            # even like the grid, so that an unturned picture falls on its pixels
            rows, columns = (2 * max(1, round(n * scale / 2)) for n in values.shape)
            averaged = Image.fromarray(values).resize((columns, rows), Image.Resampling.BOX)
            values, scale = np.asarray(averaged), 1.0
        # from the output's (row, column) to the input's, about the middles of both
        turn = canvas.pose.rotation.T[::-1, ::-1] / scale
        shift = np.array([canvas.pose.y_mm, canvas.pose.x_mm]) / canvas.step_mm
        middle_in, middle_out = (np.array(each) / 2 - 0.5 for each in (values.shape, canvas.shape))
        placed = ndimage.affine_transform(
            values,
            turn,
            offset=middle_in - turn @ (middle_out + shift),
            output_shape=canvas.shape,
            order=0 if scale > 1 else 1,
            mode="grid-constant",
        )
        # rounding of the interpolation may leave the values' range
        return np.asarray(np.clip(placed, 0, most), np.float32)

    def _scale(self, canvas: Canvas, shape: tuple[int, ...]) -> float:
        """Fine pixels a value of the file."""
        if self.width_mm is not None:
            return self.width_mm / canvas.step_mm / shape[1]
        height, width = canvas.extent_mm
        return min(height / shape[0], width / shape[1]) / canvas.step_mm


def read_absorbance(path: str, *, thickness: bool) -> Map:
    """Read a file as what it takes away: 1 - transmission, or its values as a thickness.

    ObjectError if it is not readable, or its values are out of range.
    """
    if not Path(path).is_file():
        raise ObjectError(
            path, "there is no such file; path= takes an image or a two-dimensional array (.npy)"
        )
    is_array = Path(path).suffix == ARRAY_SUFFIX
    values = _read_array(path) if is_array else _read_image(path)
    if thickness:
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= FARTHEST_MM):
            raise ObjectError(path, f"a thickness is a number of mm, from 0 to {FARTHEST_MM:g}")
        return values.astype(np.float32)
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise ObjectError(path, "transmission must lie between 0 and 1")
    return (1 - values).astype(np.float32)


def _read_array(path: str) -> Values:
    try:
        values = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ObjectError(path, f"not readable as an array ({error})") from error
    if values.ndim != 2 or values.size == 0 or values.dtype.kind not in "fiu":
        raise ObjectError(path, "an array must be two-dimensional, of real numbers")
    numbers: Values = values.astype(np.float64)
    return numbers


def _read_image(path: str) -> Values:
    try:
        with Image.open(path) as opened:
            return _grey(path, opened)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError) as error:
        raise ObjectError(path, f"not readable as an image ({error})") from error


def _grey(path: str, image: Image.Image) -> Values:
    """Grey values from 0 to 1, by the full scale of the image's type."""
    if image.mode == "I":
        raise ObjectError(path, "32-bit integers have no agreed white; save 8 or 16 bits")
    array = np.asarray(image if image.mode in ("I;16", "I;16B", "F") else image.convert("L"))
    scale = 1.0 if array.dtype.kind == "f" else float(np.iinfo(array.dtype).max)
    grey: Values = array.astype(np.float64) / scale
    return grey
