"""bleak as it is, against a simulated panel on the air in another process."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from fpxi.cli.main import cli
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.links import (
    Link,
    LinkClosedError,
    LinkLostError,
    RadioLink,
    open_link,
)
from fpxi_readout.links.ble_errors import NotSecuredError, PanelInUseError
from fpxi_readout.links.ble_scan import PanelDetails, ask, scan
from fpxi_readout.panel import Panel
from fpxi_readout.protocol import generated as protocol

Serve = Callable[..., contextlib.AbstractContextManager[Any]]
FAST = ("--radio", "interval_ms=7.5")


@pytest.fixture
def connect(tmp_path: Path) -> Callable[[Link], Panel]:
    return lambda link: Panel.connect(link, cache=DictionaryCache(tmp_path))


def poll_for_ever(panel: Panel) -> None:
    while True:
        panel.poll(1.0)


def test_a_panel_is_found_paired_with_and_read_bit_by_bit(
    serve_bluetooth: Serve, connect: Callable[[Link], Panel]
) -> None:
    with serve_bluetooth("sim:tft64", "--radio", "interval_ms=15"):
        (found,) = scan(0.5)
        assert (found.name, found.rssi_dBm) == ("FPXI-64", -60)
        assert ask(found, 10.0) == PanelDetails("tft64", "TFT64-S00000001", "0.1.0", 100)
        for url in ("ble:FPXI-64", found.url):
            link = open_link(url)
            assert isinstance(link, RadioLink)
            assert link.radio.address == found.address
            panel = connect(link)
            panel.set("test_pattern", protocol.TestPattern.RAMP)
            panel.set("encoding", protocol.Encoding.AEC)
            first = panel.start(50, reliable=True)
            frames = list(panel.frames(timeout_s=10))
            assert [frame.number - first for frame in frames] == list(range(50))
            row, column = np.ogrid[:64, :64]
            for count, frame in enumerate(frames):
                ramp = (row * 64 + column + count) % 65536
                offset = int(frame.samples[0, 0]) - int(ramp[0, 0])
                np.testing.assert_array_equal(frame.samples, (ramp + offset) % 65536)
            panel.close()


def test_a_link_dropped_at_random_moments_opens_again(
    serve_bluetooth: Serve, connect: Callable[[Link], Panel]
) -> None:
    generator = random.Random(7)
    with serve_bluetooth("sim:tft64", *FAST, "--radio", "supervision_s=0.5") as server:
        (found,) = scan(0.5)
        for reason in ("remote", "supervision") * 2:
            link = open_link(found.url)
            timer = threading.Timer(generator.uniform(0.0, 0.4), server.tell, [f"drop {reason}"])
            timer.start()
            with pytest.raises(LinkLostError, match="bring the panel nearer"):
                run_for_ever(connect, link)
            link.close()
            timer.join()
        panel = connect(open_link(found.url))
        panel.start(5, reliable=True)
        assert len(list(panel.frames(timeout_s=5))) == 5
        panel.close()


def run_for_ever(connect: Callable[[Link], Panel], link: Link) -> None:
    panel = connect(link)
    panel.start(0, reliable=True)
    poll_for_ever(panel)


def test_an_opening_stopped_at_any_moment_leaves_no_connection(serve_bluetooth: Serve) -> None:
    generator = random.Random(3)
    with serve_bluetooth("sim:tft64", *FAST):
        (found,) = scan(0.5)
        started = time.monotonic()
        open_link(found.url).close()
        usual_s = time.monotonic() - started
        for _ in range(5):
            stop = threading.Event()
            timer = threading.Timer(generator.uniform(0.0, usual_s), stop.set)
            timer.start()
            with contextlib.suppress(LinkClosedError):
                open_link(found.url, stop=stop).close()
            timer.join()
            assert scan(0.2) == [found], "the panel is not on the air: it is still connected"


CHILD = """
import sys
from fpxi_readout.links import open_link
link = open_link(sys.argv[1])
print("open", flush=True)
while True:
    link.read(1.0)
"""


def test_a_program_in_use_is_respected_and_a_dead_one_is_inherited_from(
    serve_bluetooth: Serve,
) -> None:
    with serve_bluetooth("sim:tft64", *FAST) as server:
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, server.url], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "open\n"
            with pytest.raises(PanelInUseError):
                open_link(f"{server.url}?timeout_s=2")
            child.kill()
        open_link(server.url).close()


def test_a_panel_that_has_forgotten_its_host_is_forgotten_and_paired_with_anew(
    serve_bluetooth: Serve,
) -> None:
    with serve_bluetooth("sim:tft64", *FAST) as server:
        (found,) = scan(0.5)
        address = found.address
        open_link(server.url).close()
        server.tell("unbind")
        server.tell("drop remote")
        with pytest.raises(NotSecuredError, match=f"`fpxi forget {server.url}`"):
            open_link(server.url)
        told = CliRunner().invoke(cli, ["forget", server.url])
        assert (told.exit_code, told.stdout) == (0, f"{address} is forgotten on this computer.\n")
        open_link(server.url).close()
