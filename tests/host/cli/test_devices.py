"""`fpxi devices`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from fpxi.cli import devices
from fpxi.cli.main import cli


@pytest.fixture
def _one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = [("serial:/dev/ttyACM0", "FPXI panel"), ("serial:/dev/ttyS0", "n/a")]
    monkeypatch.setattr(devices, "list_serial_ports", lambda: ports)


@pytest.mark.usefixtures("_one_port")
def test_lists_ports_and_simulated_panels_with_the_urls_that_open_them() -> None:
    lines = CliRunner().invoke(cli, ["devices"]).stdout.splitlines()
    assert lines[0].split() == ["URL", "DESCRIPTION"]
    assert lines[1].split(maxsplit=1) == ["serial:/dev/ttyACM0", "FPXI panel"]
    assert lines[2].split(maxsplit=1) == ["serial:/dev/ttyS0", "serial port"]
    assert [line.split()[0] for line in lines[3:]] == ["sim:tft64", "sim:cmos32"]


@pytest.mark.usefixtures("_one_port")
def test_json_has_the_same() -> None:
    result = CliRunner().invoke(cli, ["devices", "--json"])
    document = json.loads(result.stdout)
    assert document["devices"][0] == {
        "kind": "serial",
        "url": "serial:/dev/ttyACM0",
        "description": "FPXI panel",
    }
    assert {device["kind"] for device in document["devices"]} == {"serial", "simulated"}
