"""The whole self-test of a panel."""

from __future__ import annotations

from collections.abc import Callable

from fpxi_readout.panel import Panel

from fpxi.self_test.board import HARMLESS, RESTARTING, check_board, check_restart
from fpxi.self_test.report import Check, Outcome, SelfTestReport
from fpxi.self_test.samples import check_lines, check_path
from fpxi.self_test.settings import plain_settings

Progress = Callable[[str, int, int], None]


def run_self_test(
    panel: Panel,
    *,
    restarts: bool = False,
    exposure_us: int | None = None,
    progress: Progress = lambda *_: None,
) -> SelfTestReport:
    """Test the board, the path of the samples, and the panel's rows and columns.

    Whatever the panel acquires is stopped. Its settings are restored; with `restarts` the board is
    restarted twice on purpose, and the bias stays off afterwards.

    Raises
    ------
    SettingsNotRestoredError
        The settings could not be restored.
    DeviceError, LinkError, ProtocolError
        The device fails in a way that ends the test.

    """
    report = SelfTestReport(panel.geometry.name, panel.identity.serial_number)
    with plain_settings(panel, restarting=restarts):
        for done, test in enumerate(HARMLESS, 1):
            report.checks.append(check_board(panel, test))
            progress("Board", done, len(HARMLESS))
        report.checks += _path_checks(panel, progress)
        panel.set("encoding", "raw16")
        report.checks += check_lines(panel, exposure_us, progress)
        for test in RESTARTING if restarts else ():
            report.checks.append(check_restart(panel, test))
    return report


def _path_checks(panel: Panel, progress: Progress) -> list[Check]:
    if "test_pattern" not in panel.dictionary.parameters:
        return [Check("samples", Outcome.NOT_SUPPORTED, "this firmware has no test patterns")]
    values = panel.dictionary.enumerations["encoding"].values
    encodings = sorted(values, key=lambda name: values[name].value)
    checks = []
    for done, encoding in enumerate(encodings, 1):
        checks.append(check_path(panel, encoding))
        progress("Samples", done, len(encodings))
    return checks
