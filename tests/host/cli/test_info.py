"""`fpxi info` and `fpxi set`, against the simulator in this process and in another one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from fpxi.connectors import SimulatorConnector
from fpxi_readout.links.base import RadioFacts
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.generated import Fault, FaultRecord

Run = Callable[..., Result]
Spawn = Callable[..., Any]  # a subprocess.Popen with pipes


def test_info_shows_identity_pixels_and_parameters(run: Run) -> None:
    result = run("info", "sim:cmos32?serial=ABC")
    assert result.exit_code == 0
    assert "32 rows x 32 columns, pitch 150 um" in result.stdout
    assert "border of 1 pixel" in result.stdout
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line}
    assert lines["Serial"].split() == ["Serial", "number", "ABC"]
    assert "100 to 60000000" in lines["exposure_us"]
    assert "free_running | software" in lines["trigger_mode"]
    assert "0 (x1)" in lines["gain_setting"]
    assert "never" in lines["temperature_mC"]


def test_info_lists_parameters_in_the_order_of_the_protocol(run: Run) -> None:
    lines = run("info", "sim:tft64").stdout.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("PARAMETER"))
    assert [line.split()[0] for line in lines[first + 1 : first + 4]] == [
        "exposure_us",
        "frame_period_us",
        "gain_setting",
    ]


def test_info_explains_parameters_and_their_values(run: Run) -> None:
    stdout = run("info", "sim:tft64", "--explain").stdout
    assert "exposure_us: Integration time of one frame." in stdout
    assert "  software: each SOFTWARE_TRIGGER begins a burst of exposures" in stdout


def test_info_json_is_one_document_with_everything(run: Run) -> None:
    result = run("info", "sim:tft64", "--json")
    document = json.loads(result.stdout)
    assert document["url"] == "sim:tft64"
    assert document["identity"]["protocol_version"].split(".")[0].isdecimal()
    assert (document["geometry"]["rows"], document["geometry"]["pitch_um"]) == (64, 200.0)
    exposure = document["parameters"]["exposure_us"]
    assert (exposure["value"], exposure["unit"], exposure["access"]) == (10000, "us", "rw")
    assert document["parameters"]["delivery"]["enumeration"] == {"live": 0, "reliable": 1}


def test_info_tells_what_the_settings_let_the_frame_rate_be(run: Run) -> None:
    stdout = run("info", "sim:tft64").stdout
    assert "at most 100 frames/s, limited by the exposure: 10 ms" in stdout
    assert "Radio" not in stdout
    document = json.loads(run("info", "sim:tft64", "--json").stdout)
    assert document["frame_rate"]["limit"] == "exposure"
    assert document["frame_rate"]["at_most_hz"] == 100.0
    assert document["radio"] is None


def test_info_tells_what_is_known_of_the_radio(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = RadioFacts("FPXI-64", "AA:BB:CC:DD:EE:FF", -61, 80)
    monkeypatch.setattr(SimulatorConnector, "radio", facts)
    words = "FPXI-64, AA:BB:CC:DD:EE:FF, -61 dBm when it was found, battery 80 %"
    assert words in run("info", "sim:tft64").stdout
    document = json.loads(run("info", "sim:tft64", "--json").stdout)
    assert (document["radio"]["rssi_dBm"], document["radio"]["battery_percent"]) == (-61, 80)


@pytest.mark.parametrize("url", ["sim:nothing", "serial:/dev/no-such-port", "telnet:x"])
def test_info_of_what_cannot_be_opened_is_status_1_and_one_message(run: Run, url: str) -> None:
    result = run("info", url)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1


def test_a_setting_outlives_the_command_in_another_process_s_panel(
    run: Run, served_url: str
) -> None:
    result = run("set", served_url, "exposure_us=0x1388", "gain_setting=2", "trigger_mode=software")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == [
        "exposure_us = 5000 us",
        "gain_setting = 2 (0.50 pC)",
        "trigger_mode = software",
    ]
    assert result.stderr == ""
    document = json.loads(run("info", served_url, "--json").stdout)
    assert document["identity"]["serial_number"] == "SERVED"
    assert document["parameters"]["exposure_us"]["value"] == 5000
    assert document["parameters"]["trigger_mode"]["value"] == 1


def test_set_save_keeps_the_value_over_a_reset_of_the_panel(spawn: Spawn, run: Run) -> None:
    server = spawn("sim", "serve", "--tcp", "127.0.0.1:0", "--control-stdin")
    url = f"socket://{server.stdout.readline().strip()}"
    run("set", url, "exposure_us=5000", "--save")
    run("set", url, "exposure_us=7000")
    server.stdin.write("reset\n")
    server.stdin.flush()
    assert server.stdout.readline() == "reset\n"
    document = json.loads(run("info", url, "--json").stdout)
    assert document["parameters"]["exposure_us"]["value"] == 5000


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("exposure_us=1", "not within 2150 to 60000000 us"),
        ("trigger_mode=sometimes", "free_running, reset_expose_read, software"),
        ("state=1", "can be read, not set"),
        ("exposure=1", "there is no parameter 'exposure'"),
    ],
)
def test_a_setting_that_cannot_be_right_is_refused_in_words(
    run: Run, setting: str, words: str
) -> None:
    result = run("set", "sim:tft64", setting)
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr


def test_one_wrong_setting_keeps_the_others_from_being_made(run: Run, served_url: str) -> None:
    assert run("set", served_url, "exposure_us=5000", "gain_setting=99").exit_code == 1
    document = json.loads(run("info", served_url, "--json").stdout)
    assert document["parameters"]["exposure_us"]["value"] == 10000


def test_set_says_that_a_simulated_panel_forgets(run: Run) -> None:
    assert "ends with the command" in run("set", "sim:tft64", "exposure_us=5000").stderr


def test_set_without_a_setting_is_a_usage_error(run: Run) -> None:
    assert run("set", "sim:tft64").exit_code == 2


def test_a_parameter_set_twice_is_refused(run: Run) -> None:
    result = run("set", "sim:cmos32", "exposure_us=5000", "exposure_us=6000")
    assert result.exit_code == 2
    assert "exposure_us is given twice" in result.stderr


def test_info_tells_the_last_fault_and_where_it_was(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = FaultRecord(Fault.ASSERTION, 123, 4567, b"core.c")
    monkeypatch.setattr(Panel, "last_fault", lambda _: record)
    stdout = run("info", "sim:tft64").stdout
    assert "assertion, at core.c:123, 4.567 s after start-up" in stdout
    document = json.loads(run("info", "sim:tft64", "--json").stdout)
    assert document["last_fault"] == {
        "fault": "assertion",
        "file": "core.c",
        "line": 123,
        "uptime_ms": 4567,
    }


def test_info_tells_where_the_processor_was(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    record = FaultRecord(Fault.PROCESSOR, 0x0801_2344, 10, b"")
    monkeypatch.setattr(Panel, "last_fault", lambda _: record)
    assert "processor, at program counter 0x08012344, 0.010 s" in run("info", "sim:tft64").stdout


def test_info_without_a_fault_tells_of_none(run: Run) -> None:
    assert "Last fault" not in run("info", "sim:tft64").stdout
    assert json.loads(run("info", "sim:tft64", "--json").stdout)["last_fault"] is None
