"""`fpxi selftest`: test a board, the path of its samples, and the panel's rows and columns."""

from __future__ import annotations

import dataclasses
from typing import Any

import click
from fpxi_readout.panel import Panel

from fpxi.cli.group import CommandFailedError
from fpxi.cli.options import EXPOSURE_OPTION, JSON_OPTION, examples, url_argument
from fpxi.cli.output import format_table, plural, print_json
from fpxi.cli.panel import connected_panel
from fpxi.cli.progress import ProgressBar
from fpxi.self_test.errors import NoBoardToTestError
from fpxi.self_test.report import Outcome, SelfTestReport
from fpxi.self_test.run import run_self_test


@click.command(
    "selftest",
    epilog=examples(
        "fpxi selftest serial:/dev/ttyUSB0",
        "fpxi selftest serial:/dev/ttyUSB0 --restarts --exposure 200ms",
    ),
)
@url_argument()
@EXPOSURE_OPTION
@click.option(
    "--restarts",
    is_flag=True,
    help="Also restart the board twice, by a failed assertion and by its watchdog; the bias stays "
    "off afterwards.",
)
@JSON_OPTION
def command(url: str, exposure: tuple[str, str] | None, restarts: bool, as_json: bool) -> None:
    """Test the board at URL, the path of its samples, and the panel's rows and columns.

    Whatever it acquires is stopped; the settings are restored. Rows and columns are judged by what
    a longer exposure changes: take everything out of the beam. Exit status 0: nothing failed.
    """
    with connected_panel(url) as panel, ProgressBar() as bar:
        if not isinstance(panel, Panel):
            raise NoBoardToTestError(url)
        report = run_self_test(
            panel,
            restarts=restarts,
            exposure_us=int(exposure[1]) if exposure else None,
            progress=bar.show,
        )
    if as_json:
        print_json(_document(url, report))
    else:
        click.echo(_table(report))
    failed = [check for check in report.checks if check.outcome is Outcome.FAILED]
    if failed:
        lines = (f"{check.name}: {check.remedy}" for check in failed)
        raise CommandFailedError("\n".join((f"{plural(len(failed), 'check')} failed", *lines)))


def _table(report: SelfTestReport) -> str:
    rows = [(check.name, check.outcome.value, check.text) for check in report.checks]
    return format_table(("CHECK", "OUTCOME", "FOUND"), rows)


def _document(url: str, report: SelfTestReport) -> dict[str, Any]:
    return {
        "url": url,
        "panel": report.panel,
        "serial_number": report.serial_number,
        "passed": report.passed,
        "checks": [
            {**dataclasses.asdict(check), "outcome": check.outcome.name.lower()}
            for check in report.checks
        ],
    }
