"""Devices and hosts of different versions: firmware compiled from edited definitions."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fpxi_readout.protocol.generated import PROTOCOL_VERSION

TODAY = PROTOCOL_VERSION
NEXT = (TODAY[0], TODAY[1] + 1)
NEXT_MINOR = (
    (f"minor = {TODAY[1]} ", f"minor = {NEXT[1]} "),
    (
        "[parameters.state]",
        '[parameters.gate_delay_us]\nid = 60\ntype = "u32"\nunit = "us"\nminimum = 0\n'
        'maximum = 500\ndefault = 20\naccess = "rw"\nsaved = true\nhelp = "Delay of the gate."\n\n'
        "[parameters.state]",
    ),
    (
        '    { name = "reference_frame", type = "u32", since = 1, help = "frame that',
        '    { name = "reference_frame", type = "u32", since = 1, help = "reference" },\n'
        f'    {{ name = "humidity", type = "u16", since = {NEXT[1]}, help = "tenths of percent: ',
    ),
    (
        "[commands.start]",
        '[commands.blink]\ntype = 0x30\nanswer = "ack"\nhelp = "Blink."\nfields = []\n\n'
        "[commands.start]",
    ),
)
NEXT_MAJOR = (("major = 1 ", "major = 2 "),)

SCRIPT = """
import json, sys, tempfile, pathlib
import fpxi_hwsim
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.errors import FpxiError
from fpxi_readout.maintenance import identify_device, reset_device
from fpxi_readout.panel import Panel
from fpxi_readout.protocol import generated

link = fpxi_hwsim.open_link("sim:tft64?time=virtual")
out = {"host": generated.PROTOCOL_VERSION, "device": identify_device(link).protocol_version}
cache = DictionaryCache(pathlib.Path(tempfile.mkdtemp()))

def attempt(work):
    try:
        return work()
    except FpxiError as error:
        return {"error": type(error).__name__, "text": str(error), **vars(error)}

def connect():
    global panel
    panel = Panel.connect(link, cache=cache, timeout_s=5.0)

out["connect"] = attempt(connect)
if out["connect"] is None:
    panel.start(5, reliable=True)
    out["frames"] = [frame.rows_missing for frame in panel.frames(timeout_s=5.0)]
    out["set"] = attempt(lambda: panel.set("gate_delay_us", 123))
    out["get"] = attempt(lambda: panel.get("gate_delay_us"))
    if hasattr(generated, "Blink"):
        out["typed"] = attempt(lambda: panel.parameters.gate_delay_us)
        out["blink"] = attempt(lambda: panel._requests.request(generated.Blink(), generated.Ack))
    out["malformed"] = panel.statistics.malformed
else:
    reset_device(link)
    out["cause_after_reset"] = int(identify_device(link).reset_cause)
json.dump(out, sys.stdout)
"""


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Callable[[str], Path]:
    """Make a readout folder from an edited definition: today's code, regenerated."""
    made: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name not in made:
            made[name] = _make(tmp_path_factory.mktemp(name), repository, EDITS[name])
        return made[name]

    return make


EDITS = {"next_minor": NEXT_MINOR, "next_major": NEXT_MAJOR}


def _make(folder: Path, repository: Path, edits: tuple[tuple[str, str], ...]) -> Path:
    source = repository / "readout"
    text = (source / "protocol" / "protocol.toml").read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) == 1
        text = text.replace(old, new)
    definition = folder / "protocol.toml"
    definition.write_text(text, encoding="utf-8")
    for part in ("firmware", "fpxi_readout"):
        shutil.copytree(source / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    generate = source / "protocol" / "generate.py"
    command = [sys.executable, generate, "--definition", definition, "--readout", folder]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def _compile(folder: Path) -> Path:
    path = folder / "firmware" / "build_native.py"
    spec = importlib.util.spec_from_file_location("edited_build_native", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    library: Path = module.compile_native(folder / "library", firmware=folder / "firmware")
    return library


def run(*, device: Path | None = None, host: Path | None = None) -> dict[str, Any]:
    """Let a host talk to a device, each today's where none is given."""
    environment = dict(os.environ)
    if device is not None:
        environment["FPXI_NATIVE_LIBRARY"] = str(_compile(device))
    if host is not None:
        before = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join([str(host), *([before] if before else [])])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_a_newer_minor_device_works_with_todays_host(edited: Callable[[str], Path]) -> None:
    result = run(device=edited("next_minor"))
    assert (result["host"], result["device"]) == ([*TODAY], [*NEXT])
    assert result["frames"] == [0] * 5
    assert result["malformed"] == 0
    # A parameter that this host has never heard of is used by name.
    assert result["set"] == result["get"] == 123


def test_a_newer_minor_host_works_with_todays_device(edited: Callable[[str], Path]) -> None:
    result = run(host=edited("next_minor"))
    assert (result["host"], result["device"]) == ([*NEXT], [*TODAY])
    assert result["frames"] == [0] * 5
    assert result["malformed"] == 0
    for use in ("set", "get", "typed", "blink"):
        assert result[use]["error"] == "UnsupportedByDeviceError"
        assert _text(TODAY) in result[use]["text"]
        assert _text(NEXT) in result[use]["text"]
        assert "firmware" in result[use]["text"]


def test_a_newer_minor_host_works_with_its_own_device(edited: Callable[[str], Path]) -> None:
    result = run(host=edited("next_minor"), device=edited("next_minor"))
    assert result["frames"] == [0] * 5
    assert result["set"] == result["typed"] == 123


@pytest.mark.parametrize(("newer", "stale"), [("device", "host"), ("host", "device")])
def test_another_major_version_is_named_and_can_be_reset(
    edited: Callable[[str], Path], newer: str, stale: str
) -> None:
    result = run(**{newer: edited("next_major")})
    failure = result["connect"]
    assert failure["error"] == "ProtocolVersionError"
    assert failure["stale_side"] == stale
    assert failure["remedy"] in failure["text"]
    assert _text(TODAY) in failure["text"]
    assert _text((TODAY[0] + 1, TODAY[1])) in failure["text"]
    assert result["cause_after_reset"] == 1


def _text(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
