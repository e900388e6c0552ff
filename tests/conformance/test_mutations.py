"""Mistakes in the board's code are caught by the models, not passed to silicon."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fpxi_hwsim.emulator.cpu import Cpu
from fpxi_hwsim.emulator.errors import EmulationError
from fpxi_readout.protocol import generated as p

FIRMWARE = Path(__file__).resolve().parents[2] / "readout" / "firmware"
BOARD = Path("boards") / "stm32f405"


@pytest.fixture(scope="session")
def objects(builder: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sound firmware, compiled."""
    folder = tmp_path_factory.mktemp("objects")
    builder.compile_sources(FIRMWARE, folder, builder.firmware_sources(FIRMWARE))
    return folder


@pytest.fixture
def mutated(builder: ModuleType, objects: Path, tmp_path: Path) -> Callable[[Any], Path]:
    """Make the one replacement, compile what it changes, and link."""

    def make(mutation: Any) -> Path:
        firmware, target = tmp_path / "firmware", tmp_path / "objects"
        shutil.copytree(FIRMWARE, firmware, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(objects, target)
        source = firmware / BOARD / mutation.file
        text = source.read_text(encoding="utf-8")
        assert text.count(mutation.old) == 1, f"{mutation.file} has no single {mutation.old!r}"
        source.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
        changed = builder.firmware_sources(firmware)
        if mutation.file.endswith(".c"):
            changed = [BOARD / mutation.file]
        builder.compile_sources(firmware, target, changed)
        return Path(builder.link_unchecked(firmware, target))

    return make


def outcome(run: Callable[[], Any], saves: int = 1) -> str:
    """Save parameters so often, take two frames under bias; say what went wrong, or what came."""
    try:
        rig = run()
        saved = []
        for save in range(saves):
            rig.set(exposure_us=6000 + save)
            saved.append(rig.ask(p.Save()))
        rig.set(exposure_us=6000)
        loop = rig.ask(p.SelfTest(p.BoardTest.BIAS_LOOP)).outcome
        assert loop != p.TestOutcome.FAILED, "bias loop"
        rig.set(bias_mV=-1000)
        rig.run(100_000)
        rig.start(2)
        frames = rig.frames(2)
        rig.run(2_500_000)
        cause = p.ResetCause(rig.ask(p.Identify(0, 0)).reset_cause)
    except EmulationError as error:
        return str(error)
    except AssertionError as error:
        return f"unfit: {error}"
    if cause != p.ResetCause.POWER_ON:
        return f"restarted by {cause.name}"
    return f"{saved} " + "".join(frame.samples.tobytes().hex() for frame in frames)


@pytest.fixture(scope="module")
def sound() -> dict[tuple[str, int], str]:
    return {}


def test_a_mistake_is_caught(make_rig, mutated, sound, mutation, monkeypatch):
    elf = mutated(mutation)
    saves = 3 if mutation.file == "storage.c" else 1
    monkeypatch.setattr(Cpu, "skips_polls", not mutation.counts_polls)
    case = (mutation.panel, saves)
    if case not in sound:
        sound[case] = outcome(lambda: make_rig("native", mutation.panel), saves)
    told = outcome(lambda: make_rig("stm32f405", mutation.panel, image=elf), saves)
    assert told != sound[case], "nobody noticed"
    if mutation.caught == "frames differ":
        told = "frames differ"
    assert mutation.caught in told


@pytest.mark.parametrize("skips_polls", [True, False])
def test_the_sound_firmware_is_not_complained_of(make_rig, monkeypatch, skips_polls):
    monkeypatch.setattr(Cpu, "skips_polls", skips_polls)
    for panel in ("tft64", "cmos32"):
        expected = outcome(lambda panel=panel: make_rig("native", panel), saves=3)
        assert outcome(lambda panel=panel: make_rig("stm32f405", panel), saves=3) == expected


def test_the_documentation_lists_every_mistake_and_what_catches_it(mutations):
    text = (FIRMWARE.parents[1] / "docs" / "mutations.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    listed = dict(rows[2:])
    assert list(listed) == [mutation.name for mutation in mutations]
    for mutation in mutations:
        assert mutation.caught.lower() in listed[mutation.name].lower(), mutation.name
