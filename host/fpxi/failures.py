"""Which errors a reconnection may cure."""

from __future__ import annotations

from fpxi_readout.errors import FpxiError


def link_is_gone(error: FpxiError) -> bool:
    """Return whether the link itself broke, so that it must be opened anew."""
    from fpxi_readout.links.base import LinkError  # noqa: PLC0415

    return isinstance(error, LinkError)


def may_pass(error: FpxiError) -> bool:
    """Return whether trying again later makes sense.

    A link that is lost or not there yet, a device that restarted or fell silent: yes. A URL that
    means nothing, another protocol version, another panel: no.
    """
    from fpxi_readout.device_errors import CommandTimeoutError, DeviceResetError  # noqa: PLC0415
    from fpxi_readout.links.base import (  # noqa: PLC0415
        LinkLostError,
        LinkOpenError,
        LinkUrlError,
    )

    passing = LinkLostError | LinkOpenError | DeviceResetError | CommandTimeoutError
    return isinstance(error, passing) and not isinstance(error, LinkUrlError)
