"""The settings that a test needs, and the ones that the user had."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from fpxi_readout.device_errors import CommandRefusedError, DeviceError
from fpxi_readout.links.base import LinkError
from fpxi_readout.panel import Panel

from fpxi.self_test.errors import SettingsNotRestoredError

PLAIN: dict[str, int | str] = {
    "trigger_mode": "free_running",
    "encoding": "raw16",
    "oversampling": 1,
    "average_log2": 0,
    "region_first_row": 0,
    "region_rows": 0,
    "region_first_column": 0,
    "region_columns": 0,
    "binning": "single",
    "cds": "on",
    "test_pattern": "none",
    "frame_period_us": 0,
}
"""the panel's own samples, each by itself; names that a device lacks do not matter"""
ALSO_CHANGED = ("exposure_us", "delivery")


NEVER_RESTORED = ("bias_mV",)
"""after a restart the bias stays off until somebody wants it on"""


@contextlib.contextmanager
def plain_settings(panel: Panel, *, restarting: bool) -> Iterator[None]:
    """Set what tests need; afterwards, whatever happened, what was set before.

    A test that is `restarting` the board costs it every setting that was not saved: then all are
    set again, but the bias.

    Raises
    ------
    SettingsNotRestoredError
        The panel did not take them back, or is lost; its `__context__` is the error before, if any.

    """
    before = _settings(panel, restarting=restarting)
    try:
        panel.stop()
        for name in before.keys() & PLAIN.keys():
            panel.set(name, PLAIN[name])
        yield
    finally:
        _restore(panel, before)


def _settings(panel: Panel, *, restarting: bool) -> dict[str, int]:
    parameters = panel.dictionary.parameters
    if restarting:
        settable = [info.name for info in parameters.values() if info.access != "ro"]
        names = [name for name in settable if name not in NEVER_RESTORED]
    else:
        names = [name for name in (*PLAIN, *ALSO_CHANGED) if name in parameters]
    return {name: panel.get(name) for name in names}


def _restore(panel: Panel, before: dict[str, int]) -> None:
    """Set everything back; what is refused because of another setting has a second chance."""
    left = dict(before)
    reason = ""
    try:
        panel.stop()
        for _ in range(2):
            for name, value in tuple(left.items()):
                try:
                    panel.set(name, value)
                    del left[name]
                except CommandRefusedError as refusal:
                    reason = str(refusal)
    except (DeviceError, LinkError) as error:
        raise SettingsNotRestoredError(left, str(error)) from error
    if left:
        raise SettingsNotRestoredError(left, reason)
