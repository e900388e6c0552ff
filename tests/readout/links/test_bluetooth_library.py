"""When bleak is loaded, and what happens without it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from fpxi_readout.links import open_link
from fpxi_readout.links.ble_errors import BluetoothMissingError
from fpxi_readout.links.ble_scan import scan


@pytest.mark.parametrize(
    "statement",
    [
        "import fpxi_readout.links, fpxi_readout.panel",
        "import fpxi_readout.links.ble, fpxi_readout.links.ble_scan",
        "from fpxi_readout.links import open_link; open_link('serial:loop://').close()",
    ],
)
def test_bleak_is_loaded_for_bluetooth_alone(statement: str) -> None:
    code = f"{statement}; import sys; assert not {{'bleak', 'dbus_fast'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_bleak_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bleak", None)
    with pytest.raises(BluetoothMissingError, match=r'pip install "fpxi\[ble\]"'):
        open_link("ble:FPXI-64")
    with pytest.raises(BluetoothMissingError):
        scan(0.1)
