"""Saving while the power fails, at every word that is written."""

from __future__ import annotations

from fpxi_readout.protocol import generated as p

ERASURE_WORDS = 4096
WITHIN_ERASURE = (0, 1, 2000, ERASURE_WORDS - 1)
FIRST_US = 11_000


def test_a_power_cut_at_any_word_leaves_the_old_or_the_new_set(rig):
    """Each save is cut one word later than the one before, until one is whole."""
    rig.set(exposure_us=FIRST_US)
    rig.ask(p.Save())
    saved_us = FIRST_US
    cuts = [*WITHIN_ERASURE, *range(ERASURE_WORDS, ERASURE_WORDS + 200)]
    for number, cut in enumerate(cuts):
        rig.set(exposure_us=FIRST_US + 1 + number)
        rig.device.cut_power(cut)
        rig.packets.clear()
        sequence = rig.send(p.Save())
        rig.run(1_000_000)
        whole = any(x.type == p.Ack.TYPE and x.sequence == sequence for x in rig.packets)
        rig.device.reset(p.ResetCause.POWER_ON)
        rig.run(50_000)
        exposure_us = rig.get("exposure_us")
        new_us = FIRST_US + 1 + number
        assert exposure_us in ({new_us} if whole else {saved_us, new_us}), cut
        saved_us = exposure_us
        if whole:
            break
    assert whole
    assert number > 40
    assert saved_us == new_us
