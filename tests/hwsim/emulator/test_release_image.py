"""Images built from the sources: built once, never stale, and no more of them than a few."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from fpxi_hwsim.emulator import release_image
from fpxi_hwsim.emulator.errors import FirmwareImageError


class Script(SimpleNamespace):
    """Stands for the build script."""

    NoToolchainError = LookupError
    BuildError = ArithmeticError
    sources = "one"
    built = 0
    error: BaseException | None = None

    def fingerprint(self) -> str:
        return self.sources

    def build(self, folder: Path) -> SimpleNamespace:
        self.built += 1
        (folder / "fpxi.elf").write_text(self.sources)
        (folder / "fpxi.map").write_text("a by-product")
        if self.error is not None:
            raise self.error
        return SimpleNamespace(elf=folder / "fpxi.elf")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(release_image, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / "cache"


@pytest.fixture
def script(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    script = Script()
    monkeypatch.setattr(release_image, "_load_script", lambda: script)
    return script


def build() -> Path:
    """As a new process does."""
    return release_image._build.__wrapped__()


def test_the_same_sources_are_built_once_and_leave_one_file(cache: Path, script: Script) -> None:
    assert build() == build()
    assert script.built == 1
    assert [path.name for path in cache.iterdir()] == ["one.elf"]
    assert list(cache.parent.iterdir()) == [cache]


def test_other_sources_are_another_image(script: Script) -> None:
    first = build()
    script.sources = "two"
    assert build().read_text() == "two"
    assert first.read_text() == "one"


@pytest.mark.parametrize("error", [SystemExit(143), KeyboardInterrupt(), OSError("disk full")])
def test_a_build_cut_short_leaves_nothing(
    cache: Path, script: Script, error: BaseException
) -> None:
    script.error = error
    expected = FirmwareImageError if isinstance(error, OSError) else type(error)
    with pytest.raises(expected):
        build()
    assert list(cache.iterdir()) == []


def test_images_not_used_for_longest_and_dead_builds_go(cache: Path, script: Script) -> None:
    cache.mkdir()
    for age_s in range(12):
        path = cache / f"old{age_s:02}.elf"
        path.touch()
        os.utime(path, (1e9 - age_s, 1e9 - age_s))
    dead, alive = cache / "building-dead", cache / "building-alive"
    dead.mkdir()
    alive.mkdir()
    os.utime(dead, (1e9, 1e9))
    build()
    kept = [f"old{age_s:02}.elf" for age_s in range(release_image.KEPT_IMAGES - 1)]
    assert sorted(path.name for path in cache.iterdir()) == [alive.name, *kept, "one.elf"]


def test_a_cache_that_cannot_be_written_is_told(cache: Path, script: Script) -> None:
    cache.write_text("a file")
    with pytest.raises(FirmwareImageError, match=release_image.ENVIRONMENT_VARIABLE):
        build()
