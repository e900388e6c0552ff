"""The documentation's timing is that of the tables, and fast enough."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TIMING = ROOT / "readout" / "firmware" / "boards" / "stm32f405" / "timing"
DOCS = ROOT / "docs"
REMEDY = f"run `python {(TIMING / 'draw_timing.py').relative_to(ROOT)}`"


@pytest.fixture(scope="module")
def drawing() -> ModuleType:
    specification = importlib.util.spec_from_file_location("draw_timing", TIMING / "draw_timing.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["draw_timing"] = module
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def plans(drawing: ModuleType, build_native: ModuleType) -> Any:
    return drawing.read_plans(build_native.find_compiler())


@pytest.fixture(scope="module")
def panels() -> dict[int, dict[str, Any]]:
    definition = tomllib.loads((ROOT / "readout" / "protocol" / "protocol.toml").read_text("utf-8"))
    return {panel["id"]: panel for panel in definition["panels"].values()}


def test_the_page_and_its_diagrams_are_current(drawing: ModuleType, plans: Any) -> None:
    assert (DOCS / "board-timing.md").read_text("utf-8") == drawing.page(plans), REMEDY
    drawn = drawing.draw_all(plans)
    kept = {path.name: path.read_text("utf-8") for path in (DOCS / "images").glob("timing-*.svg")}
    assert kept == drawn, REMEDY
    assert all(name in drawing.page(plans) for name in drawn)


def test_a_changed_table_makes_another_diagram(
    drawing: ModuleType, plans: Any, waveforms: ModuleType
) -> None:
    plan = plans["cmos32"][1]
    scan = plan.scans["sample_cds"]
    moved = type(scan)(scan.name, scan.words[1:] + scan.words[:1], scan.slots, False, False)
    other = type(plan)(
        **{name: getattr(plan, name) for name in plan.__slots__ if name != "scans"},
        scans={**plan.scans, "sample_cds": moved},
    )
    assert drawing.draw_line(plan, "sample_cds", "", 0, 13) != drawing.draw_line(
        other, "sample_cds", "", 0, 13
    )


def test_every_set_up_comes_within_5_percent_of_the_converters_limit(
    drawing: ModuleType, plans: Any, panels: dict[int, dict[str, Any]]
) -> None:
    for by_count in plans.values():
        for plan in by_count.values():
            panel = panels[plan.panel]
            samples = panel["rows"] * panel["columns"] * plan.conversions / plan.converters
            assert samples / drawing.frame_us(plan, panel) >= 0.95, plan.name


def test_the_tables_are_those_of_the_panels_in_the_definition(
    plans: Any, panels: dict[int, dict[str, Any]]
) -> None:
    for name in ("tft64-two", "cmos32"):
        plan = plans[name][1]
        panel = panels[plan.panel]
        assert plan.line_slots == panel["line_time_us"]
        assert plan.rows == panel["rows"]
        assert plan.columns * plan.converters == panel["columns"]
        assert plan.rearm_us == panel["rearm_us"]
        assert panel["extra_lines"] == 1


def test_scans_and_their_re_arming_fit_into_the_time_the_host_reckons_with(
    drawing: ModuleType, plans: Any, panels: dict[int, dict[str, Any]]
) -> None:
    for by_count in plans.values():
        for plan in by_count.values():
            busy = plan.scans["rows_cds"].slots + plan.rearm_us
            if "sample_cds" in plan.scans:
                busy += plan.line_slots * plan.conversions
            assert busy <= drawing.frame_us(plan, panels[plan.panel])
