"""One writer for each format. Each returns the files it wrote and how values relate to counts."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from fpxi_imaging import robust_levels

from fpxi.errors import ExportError, ExportExistsError
from fpxi.export.images import Images
from fpxi.whole_file import whole_file, whole_files

Written = tuple[list[Path], str]
Writer = Callable[[Images, Path, int, bool], Written]

PERCENTILES = (2.0, 98.0)


def write_npy(images: Images, out: Path, _bits: int, overwrite: bool) -> Written:
    """Write one array, frame by frame, without holding it in memory."""
    _require_new(out, overwrite)
    # Not a memory map: where the disk is full, writing to one kills the process.
    header = {
        "descr": np.lib.format.dtype_to_descr(images.dtype),
        "fortran_order": False,
        "shape": images.shape,
    }
    with whole_file(out) as part, part.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for values, _ in images:
            file.write(values.astype(images.dtype, copy=False).tobytes())
    return [out], f"values are {images.kind}, unscaled"


def write_tif(images: Images, out: Path, _bits: int, overwrite: bool) -> Written:
    """Write a stack as ImageJ does, with the pixel size."""
    import tifffile  # noqa: PLC0415

    _require_new(out, overwrite)
    scaling = f"values are {images.kind}, unscaled"
    rows_um, columns_um = images.source.pitch_um
    # Without an axis of samples (S), a single column would be taken for one.
    with whole_file(out) as part, _ByWriteAlone(io.FileIO(part, "w+")) as file:
        tifffile.imwrite(
            file,
            (np.ascontiguousarray(values)[..., np.newaxis] for values, _ in images),
            shape=(*images.shape, 1),
            dtype=images.dtype,
            imagej=True,
            photometric="minisblack",
            resolution=(1.0 / columns_um, 1.0 / rows_um),
            metadata={"axes": "TYXS", "unit": "um", "Info": scaling},
        )
    return [out], scaling


def write_png(images: Images, out: Path, bits: int, overwrite: bool) -> Written:
    """Write grey pictures between levels that are the same for all of them."""
    from PIL import Image, PngImagePlugin  # noqa: PLC0415

    paths = _png_paths(out, images)
    for path in paths:
        _require_new(path, overwrite)
    low, high = robust_levels(*images.mean(), percentiles=PERCENTILES)
    most = (1 << bits) - 1
    scaling = (
        f"{low:.6g} to {high:.6g} ({images.kind}; {PERCENTILES[0]:g} to {PERCENTILES[1]:g} "
        f"percentile of the good pixels of the mean image) became 0 to {most}; values beyond are "
        "cut off, pixels without a value are 0"
    )
    about = PngImagePlugin.PngInfo()
    about.add_text("Description", scaling)
    with whole_files(paths) as parts:
        for part, (values, _) in zip(parts, images, strict=True):
            picture = Image.fromarray(_scaled(values, low, high, most))
            picture.save(part, format="PNG", pnginfo=about)
    return list(dict.fromkeys(paths)), scaling


WRITERS: dict[str, Writer] = {
    ".npy": write_npy,
    ".tif": write_tif,
    ".tiff": write_tif,
    ".png": write_png,
}


class _ByWriteAlone(io.BufferedRandom):
    """A file that numpy does not write to by its descriptor: it loses the system's error there."""

    def fileno(self) -> int:
        """Refuse."""
        raise io.UnsupportedOperation("fileno")


def _scaled(
    values: npt.NDArray[Any], low: float, high: float, most: int
) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    relative = np.clip((values.astype(np.float64) - low) / (high - low), 0.0, 1.0)
    counts = np.rint(np.nan_to_num(relative, nan=0.0) * most)
    return counts.astype(np.uint8) if most == 0xFF else counts.astype(np.uint16)


def _png_paths(out: Path, images: Images) -> list[Path]:
    """Return a name for each picture: as given for one, with the frame's index for several."""
    if images.shape[0] == 1:
        return [out]
    digits = len(str(images.source.frame_count - 1))
    return [out.with_name(f"{out.stem}_{index:0{digits}}{out.suffix}") for index in images.indices]


def _require_new(path: Path, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise ExportExistsError(path)
    if not path.parent.is_dir():
        raise ExportError(f"cannot write {path}: there is no folder {path.parent}")
