"""What a laboratory installs: a wheel that works in a bare environment, under our own names."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("fpxi_readout", "fpxi_imaging", "fpxi_hwsim", "fpxi", "fpxi_gui")


@pytest.fixture(scope="module")
def uv() -> str:
    found = shutil.which("uv") or os.environ.get("UV")
    if found is None:
        message = "uv is needed to build and install the wheel"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture(scope="module")
def wheel(uv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([uv, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT], check=True)
    return next(folder.glob("fpxi-*.whl"))


@pytest.mark.timeout(300)
def test_every_package_of_the_wheel_imports_in_a_bare_environment(
    uv: str, wheel: Path, tmp_path: Path
) -> None:
    environment = tmp_path / "bare"
    subprocess.run([uv, "venv", "--quiet", "-p", sys.executable, environment], check=True)
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    constraints = ROOT / "constraints.txt"
    install = [uv, "pip", "install", "--quiet", "-p", environment, "-c", constraints, wheel]
    subprocess.run(install, check=True)
    code = f"""
import importlib, pkgutil
for name in {PACKAGES!r}:
    print(importlib.import_module(name).__file__)
import fpxi_hwsim
link = fpxi_hwsim.open_link("sim:cmos32?time=virtual")
link.close()
"""
    outside = {
        k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "FPXI_", "VIRTUAL"))
    }
    done = subprocess.run(
        [scripts / "python", "-I", "-c", code],
        check=False, capture_output=True, text=True, cwd=tmp_path, env=outside,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    files = done.stdout.split()
    assert len(files) == len(PACKAGES)
    assert all(Path(file).is_relative_to(environment) for file in files)
    version = subprocess.run(
        [scripts / "fpxi", "--version"], check=True, capture_output=True, text=True
    )
    assert (
        tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] in version.stdout
    )


def test_the_wheel_carries_the_native_core_for_one_platform_and_no_c_source(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert any(re.search(r"fpxi_hwsim/_native/.*\.(so|dylib|dll)$", name) for name in names)
    assert not wheel.name.endswith("-any.whl")
    assert not any(name.endswith((".c", ".h")) for name in names)
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == set(PACKAGES)
    for package in PACKAGES:
        assert f"{package}/py.typed" in names


@pytest.mark.timeout(300)
def test_an_edited_c_file_is_compiled_by_the_next_run(uv: str, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    for name in filter(None, tracked):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, checkout / name)
    version = checkout / "readout/firmware/core/version.h"
    ask = [uv, "run", "--quiet", "--no-dev", "-p", sys.executable, "fpxi", "info", "sim:cmos32"]
    assert "0.1.77" not in _output(ask, checkout)
    text = re.sub(r"(FIRMWARE_PATCH) \d+u", r"\1 77u", version.read_text(encoding="utf-8"))
    version.write_text(text, encoding="utf-8")
    assert "0.1.77" in _output(ask, checkout)


def _output(command: list[str], folder: Path) -> str:
    outside = {
        k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT")
    }
    done = subprocess.run(
        command, cwd=folder, env=outside, check=True, capture_output=True, text=True
    )
    return done.stdout


def foreign_owners() -> set[str]:
    """Distributions that install something under one of our names."""
    owners = importlib.metadata.packages_distributions()
    return {owner for package in PACKAGES for owner in owners.get(package, [])} - {"fpxi"}


def test_no_other_distribution_owns_our_names() -> None:
    assert foreign_owners() == set()
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        assert Path(spec.origin).is_relative_to(ROOT)


def test_a_distribution_that_takes_one_of_our_names_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = tmp_path / "squatter-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: squatter\nVersion: 1.0\n")
    (facts / "top_level.txt").write_text("fpxi_imaging\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert foreign_owners() == {"squatter"}


def test_uv_and_pip_read_the_same_pins() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["uv"]["constraint-dependencies"] == pins, "run python tools/pin.py"
    assert all(re.fullmatch(r"[\w.-]+==(\d+!)?[\w.]+( ; .*)?", pin) for pin in pins)
