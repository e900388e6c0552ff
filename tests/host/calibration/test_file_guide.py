"""docs/calibration-file.md names what a calibration's file holds."""

from __future__ import annotations

import re
from pathlib import Path

import h5py
from fpxi.calibration import save_calibration
from fpxi_imaging import Calibration

GUIDE = (Path(__file__).parents[3] / "docs" / "calibration-file.md").read_text(encoding="utf-8")


def test_every_part_of_a_calibration_is_described(tmp_path: Path, rich: Calibration) -> None:
    save_calibration(tmp_path / "cal.h5", rich)
    described = set(re.findall(r"`([^`]+)`", GUIDE))
    with h5py.File(tmp_path / "cal.h5") as file:
        process = file["entry/process"]
        for name in process["calibration"]:
            parts = {f"calibration/{name}", f"calibration/{name}/0", name}
            assert parts & described, name
        defects = set(process["calibration/defects"])
        assert all(
            each in described or f"calibration/defects/{each}" in described
            for each in defects - {"imports"}
        )
        assert set(process) <= {each.split("/")[0] for each in described} | {
            "program",
            "version",
            "date",
        }


def test_what_is_described_is_there(tmp_path: Path, rich: Calibration) -> None:
    save_calibration(tmp_path / "cal.h5", rich)
    with h5py.File(tmp_path / "cal.h5") as file:
        process = file["entry/process"]
        for line in GUIDE.splitlines():
            row = re.match(r"\| `([^`]+)`.*? \| (.*) \|$", line)
            if row is None or row[1] not in process or isinstance(process[row[1]], h5py.Dataset):
                continue
            words = re.findall(r"`([a-z_0-9]+)`", row[2])
            group = process[row[1]]
            known = {*group, *process["calibration/defects/classes"].attrs}
            assert set(words) <= known, row[1]
        assert file.attrs["fpxi_calibration_layout"] == 3
