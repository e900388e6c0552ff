"""Whole self-tests of a made panel: what is found, said, and put back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fpxi.self_test.board import check_restart
from fpxi.self_test.errors import FramesLostError, SettingsNotRestoredError
from fpxi.self_test.report import Check, Outcome, SelfTestReport
from fpxi.self_test.run import run_self_test
from fpxi.self_test.samples import check_path
from fpxi_readout.links.base import LinkLostError
from fpxi_readout.protocol import generated
from fpxi_readout.protocol.generated import BoardTest, Fault, ResetCause

Panel = Any

UNUSUAL = {
    "exposure_us": 50_000,
    "oversampling": 16,
    "encoding": 3,
    "region_rows": 5,
    "binning": 2,
    "trigger_mode": 1,
    "average_log2": 2,
}


def by_name(report: SelfTestReport) -> dict[str, Check]:
    return {check.name: check for check in report.checks}


def failed(report: SelfTestReport) -> set[str]:
    return {check.name for check in report.checks if check.outcome is Outcome.FAILED}


def test_a_sound_panel_passes_every_check(panel: Panel) -> None:
    report = run_self_test(panel)
    assert report.passed
    assert [check.name for check in report.checks] == [
        "memory",
        "clock",
        "bias loop",
        "parameter store",
        "firmware",
        "samples as raw16",
        "samples as packed14",
        "samples as packed12",
        "samples as aec",
        "samples as aec_reference",
        "response",
        "rows",
        "columns",
    ]
    assert {check.outcome for check in report.checks} == {Outcome.PASSED}
    assert (report.panel, report.serial_number) == ("made", "SN-1")
    assert panel.provoked == []


@pytest.mark.parametrize("restarts", [False, True])
def test_settings_are_put_back_whatever_they_were(panel: Panel, restarts: bool) -> None:
    panel.values |= UNUSUAL
    before = dict(panel.values)
    run_self_test(panel, restarts=restarts)
    assert panel.values == before


def test_bias_is_not_put_back_after_a_restart(panel: Panel) -> None:
    panel.values["bias_mV"] = -5000
    run_self_test(panel, restarts=True)
    assert panel.values["bias_mV"] == 0


def test_settings_are_put_back_after_an_error(panel: Panel, monkeypatch: Any) -> None:
    panel.values |= UNUSUAL
    before = dict(panel.values)

    def broken(*_: object, **__: object) -> None:
        raise LinkLostError("serial:X", "noise")

    monkeypatch.setattr(panel, "frames", broken)
    with pytest.raises(LinkLostError):
        run_self_test(panel)
    assert panel.values == before


def test_settings_that_cannot_be_put_back_are_named_with_their_values(panel: Panel) -> None:
    panel.values["oversampling"] = 4
    panel.refused["oversampling"] = 4
    with pytest.raises(SettingsNotRestoredError, match="oversampling=4") as caught:
        run_self_test(panel)
    assert caught.value.values == {"oversampling": 4}


def test_a_lost_panel_is_told_with_the_settings_it_had(panel: Panel) -> None:
    def lose(_samples: object) -> None:
        panel.fails_in = "set"

    panel.spoil = lose
    with pytest.raises(SettingsNotRestoredError, match="exposure_us=10000"):
        run_self_test(panel)


@pytest.mark.parametrize(
    ("test", "name", "numbers", "words"),
    [
        (BoardTest.MEMORY, "memory", (0, 0x2000_1234), "0x20001234"),
        (BoardTest.CLOCK, "clock", (168_000, 161_234), "161234 kHz measured"),
        (BoardTest.BIAS_LOOP, "bias loop", (2**32 - 5000, 2**32 - 1), "-1 mV .* -5000 mV"),
        (BoardTest.STORAGE, "parameter store", (2, 1), "1 of 2"),
        (BoardTest.FIRMWARE, "firmware", (0xABCD, 0x1234), "0x00001234, not 0x0000abcd"),
    ],
)
def test_a_part_that_fails_is_told_with_its_numbers_and_a_remedy(
    panel: Panel, test: BoardTest, name: str, numbers: tuple[int, int], words: str
) -> None:
    panel.outcomes[test] = generated.TestOutcome.FAILED
    panel.numbers = numbers
    report = run_self_test(panel)
    assert failed(report) == {name}
    check = by_name(report)[name]
    assert check.remedy
    assert re.search(words, check.text)


def test_what_a_board_cannot_test_does_not_count_against_it(panel: Panel) -> None:
    panel.outcomes[BoardTest.CLOCK] = generated.TestOutcome.NOT_SUPPORTED
    report = run_self_test(panel)
    assert report.passed
    assert by_name(report)["clock"].outcome is Outcome.NOT_SUPPORTED


def test_one_wrong_bit_of_a_pattern_is_found_with_its_place(panel: Panel) -> None:
    def spoil(samples: Any) -> None:
        if panel.values["encoding"] == 1:
            samples[3, 5] ^= 0x4000

    panel.spoil_pattern = spoil
    report = run_self_test(panel)
    assert failed(report) == {"samples as packed14"}
    assert "at row 3, column 5" in by_name(report)["samples as packed14"].text


def test_a_wrong_pattern_is_not_taken_for_a_defect_of_the_panel(panel: Panel) -> None:
    def spoil(samples: Any) -> None:
        if panel.values["encoding"] == generated.Encoding.AEC_REFERENCE:
            samples[3, 5] ^= 0x4000

    panel.spoil_pattern = spoil
    assert failed(run_self_test(panel)) == {"samples as aec_reference"}


def test_frames_that_do_not_come_are_no_pass(panel: Panel) -> None:
    panel.frames_lost = 3
    before = dict(panel.values)
    with pytest.raises(FramesLostError, match="13 of 16"):
        run_self_test(panel)
    assert panel.values == before
    panel.frames_lost = 1
    assert check_path(panel, "raw16").text == "ramp: 2 of 3 frames came"


def test_a_silent_row_and_a_stuck_column_are_named(panel: Panel) -> None:
    def spoil(samples: Any) -> None:
        samples[7] = panel._random.normal(3000, 10, panel.COLUMNS)
        samples[:, 2] = 65535

    panel.spoil = spoil
    report = run_self_test(panel)
    assert failed(report) == {"rows", "columns"}
    assert by_name(report)["rows"].text == "row 7 without response to the exposure"
    assert by_name(report)["columns"].text == "column 2 (65535) stuck at a value"
    assert "gate" in by_name(report)["rows"].remedy


def test_a_panel_that_saturates_is_given_shorter_exposures(panel: Panel) -> None:
    panel.counts_per_us = 6.0
    assert run_self_test(panel).passed


def test_a_panel_that_answers_weakly_is_given_longer_exposures(panel: Panel) -> None:
    panel.counts_per_us = 0.000_05
    report = run_self_test(panel)
    assert report.passed
    assert "at 320000 us" in by_name(report)["response"].text


def test_a_panel_that_does_not_answer_fails_with_a_remedy(panel: Panel) -> None:
    panel.counts_per_us = 0.0
    report = run_self_test(panel)
    assert failed(report) == {"response"}
    assert "--exposure" in by_name(report)["response"].remedy


def test_a_given_exposure_is_taken_as_it_is(panel: Panel) -> None:
    panel.counts_per_us = 6.0
    report = run_self_test(panel, exposure_us=30_000)
    assert failed(report) == {"response"}
    assert "saturates at 30000 us" in by_name(report)["response"].text


def test_restarts_are_provoked_only_when_asked_for_and_judged_by_the_report(panel: Panel) -> None:
    report = run_self_test(panel, restarts=True)
    assert panel.provoked == [BoardTest.ASSERTION, BoardTest.WATCHDOG]
    assert report.passed
    assert by_name(report)["assertion"].text.endswith("core.c:123")
    panel.reports_restarts = False
    panel.identity.reset_fault = 0
    report = run_self_test(panel, restarts=True)
    assert failed(report) == {"assertion", "watchdog"}


def test_a_restart_of_long_ago_is_not_taken_for_the_one_that_was_asked_for(panel: Panel) -> None:
    panel.identity.reset_fault, panel.identity.reset_cause = Fault.WATCHDOG, ResetCause.WATCHDOG
    panel.restarts = False
    check = check_restart(panel, BoardTest.WATCHDOG)
    assert (check.outcome, check.text) == (
        Outcome.FAILED,
        "the board did not say that it restarted",
    )
    assert "fpxi flash" in check.remedy
