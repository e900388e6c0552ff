"""Which of a device's settings stand together, and which are seen at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fpxi_readout.protocol.dictionary import ParameterInfo


@dataclass(frozen=True)
class Group:
    """Settings under one heading."""

    title: str
    names: tuple[str, ...]
    """parameters, in the order in which they are shown"""
    open: bool
    """whether they are seen before the heading is clicked"""


GROUPS = (
    Group(
        "Exposure",
        ("exposure_us", "frame_period_us", "gain_setting", "bias_mV", "bias_ramp_mV_s"),
        open=True,
    ),
    Group("Trigger", ("trigger_mode", "burst_frames", "trigger_debounce_us"), open=True),
    Group("Read-out", ("cds", "oversampling", "average_log2", "binning"), open=True),
    Group(
        "Region",
        ("region_first_row", "region_rows", "region_first_column", "region_columns"),
        open=False,
    ),
    Group(
        "Link",
        (
            "encoding",
            "rows_per_chunk",
            "aec_block_size",
            "aec_reference_interval",
            "key_frame_interval",
            "baud",
            "module_baud",
        ),
        open=False,
    ),
    Group("Safety and test", ("heartbeat_timeout_ms", "test_pattern"), open=False),
)
OTHER = "Other"
"""heading of what only a newer device knows"""


def in_groups(infos: Iterable[ParameterInfo]) -> list[tuple[Group, list[ParameterInfo]]]:
    """Put every parameter under a heading; what no group names comes last, by its number."""
    left = {info.name: info for info in sorted(infos, key=lambda info: info.id)}
    found = [(group, [left.pop(name) for name in group.names if name in left]) for group in GROUPS]
    found.append((Group(OTHER, tuple(left), open=True), list(left.values())))
    return [(group, members) for group, members in found if members]
