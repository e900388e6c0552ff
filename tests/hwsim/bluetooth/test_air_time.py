"""Against values computed by hand from the lengths in the Core Specification."""

from __future__ import annotations

import pytest
from fpxi_hwsim.bluetooth.air_time import (
    exchange_us,
    limit_bytes_per_s,
    notification_pdus,
    pdu_us,
)
from fpxi_hwsim.bluetooth.conditions import PhyName, RadioConditions


@pytest.mark.parametrize(
    ("octets", "phy", "encrypted", "expected_us"),
    [
        (0, "2M", True, 44),
        (0, "1M", True, 80),
        (27, "1M", True, 328),
        (27, "1M", False, 296),
        (251, "1M", True, 2120),
        (251, "2M", True, 1064),
        (251, "2M", False, 1048),
    ],
)
def test_air_time_of_a_pdu(octets: int, phy: PhyName, encrypted: bool, expected_us: int) -> None:
    assert pdu_us(octets, phy, encrypted=encrypted) == expected_us


def test_an_exchange_has_two_spaces() -> None:
    assert exchange_us(0, 251, "2M", encrypted=True) == 44 + 150 + 1064 + 150


@pytest.mark.parametrize(
    ("interval_ms", "phy", "exchanges"),
    [
        (7.5, "2M", 5),  # of 1408 us
        (15.0, "2M", 10),
        (30.0, "2M", 21),
        (7.5, "1M", 3),  # of 2500 us, which fill the interval to the last microsecond
        (15.0, "1M", 6),
        (30.0, "1M", 12),
    ],
)
def test_limit_of_full_notifications(interval_ms: float, phy: PhyName, exchanges: int) -> None:
    conditions = RadioConditions(interval_ms=interval_ms, phy=phy)
    limit = limit_bytes_per_s(conditions, 244, encrypted=True)
    assert limit == pytest.approx(exchanges * 244 / (interval_ms * 1e-3))


def test_limit_of_fragmented_notifications() -> None:
    # 27 octets, 1M, encrypted: 244 + 7 = 9 fragments of 27 (708 us) and one of 8 (556 us); 6928 us
    # a notification. In 15 ms, last begun 708 us before the end: 21 fragments (14564 us) if they
    # hold two short ones, also 21 (14716 us) if they hold one. So 21 in each event, 2.1 values.
    conditions = RadioConditions(interval_ms=15.0, phy="1M", data_length=27)
    assert notification_pdus(244, 27) == [27] * 9 + [8]
    assert limit_bytes_per_s(conditions, 244) == pytest.approx(2.1 * 244 / 15e-3, rel=0.01)


def test_encryption_costs_air_time() -> None:
    # 87 octets on 2M take 392 us or, with a MIC, 408: exchanges of 736 or 752, ten or nine of which
    # fit 7.5 ms.
    conditions = RadioConditions(interval_ms=7.5, data_length=87)
    assert limit_bytes_per_s(conditions, 80, encrypted=False) == pytest.approx(10 * 80 / 7.5e-3)
    assert limit_bytes_per_s(conditions, 80, encrypted=True) == pytest.approx(9 * 80 / 7.5e-3)
