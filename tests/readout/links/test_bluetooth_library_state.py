"""What bleak keeps for itself is ended with each of our loops."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from fpxi_readout.links import open_link
from fpxi_readout.links.ble_scan import scan

Serve = Callable[..., AbstractContextManager[Any]]


def test_no_bus_connection_outlives_its_link(serve_bluetooth: Serve) -> None:
    with serve_bluetooth("sim:cmos32", "--radio", "interval_ms=7.5") as server:
        manager = importlib.import_module("bleak.backends.bluezdbus.manager")
        scan(0.2)
        assert manager._global_instances == {}
        link = open_link(server.url)
        assert len(manager._global_instances) == 1
        link.close()
        assert manager._global_instances == {}
        gc.collect()  # a socket that is still open would warn, which is an error here
