"""Removing this computer's key of a panel, so that the two can pair anew."""

from __future__ import annotations

from fpxi_readout.links.ble_errors import UnpairingError
from fpxi_readout.links.ble_failures import open_failure
from fpxi_readout.links.ble_opening import SEARCH_SHARE
from fpxi_readout.links.ble_scan import run_once
from fpxi_readout.links.ble_search import Heard, find
from fpxi_readout.links.ble_stack import Bleak, Stack
from fpxi_readout.links.ble_url import BleTarget
from fpxi_readout.links.private_loop import within

UNPAIR_LIMIT_S = 10.0


def forget(url: str, *, stack: Stack | None = None) -> str:
    """Have the system forget the panel of a `ble:` URL; return its address.

    The panel is not connected to, and keeps its own key.

    Raises
    ------
    UnpairingError
        The system lets no program do that (macOS).
    PanelNotFoundError, AmbiguousNameError, PanelInUseError, LinkUrlError
        It is not clear or not known which panel is meant, or a program uses it.
    BluetoothMissingError, BluetoothUnavailableError, LinkOpenError
        This computer cannot do it.
    RunningLoopError
        It was called inside an asyncio loop.

    """
    target = BleTarget.from_url(url)
    stack = stack or Bleak()
    return run_once(stack, lambda: _forget(stack, target)).device.address


async def _forget(stack: Stack, target: BleTarget) -> Heard:
    heard = await find(stack, target, SEARCH_SHARE * target.timeout_s)
    client = stack.client(heard.device, lambda: None, UNPAIR_LIMIT_S)
    try:
        await within(UNPAIR_LIMIT_S, client.unpair())
    except NotImplementedError as error:
        raise UnpairingError(target.url) from error
    except Exception as error:
        raise open_failure(error, target.url, "while removing its key") from error
    return heard
