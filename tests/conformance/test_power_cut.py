"""Saving while the power fails, at every word that is written."""

from __future__ import annotations

from fpxi_readout.protocol import generated as p

OLD, NEW = 11_111, 22_222


def test_a_power_cut_at_any_word_leaves_the_old_or_the_new_set(rig):
    """The words of one save are counted first; the cut then comes at each of them, in turn."""
    rig.set(exposure_us=OLD)
    rig.ask(p.Save())
    left = set()
    cut_after = 0
    whole = False
    while not whole:
        rig.set(exposure_us=NEW)
        rig.device.cut_power(cut_after)
        rig.packets.clear()
        sequence = rig.send(p.Save())
        rig.run(1_500_000)
        whole = any(x.type == p.Ack.TYPE and x.sequence == sequence for x in rig.packets)
        rig.device.reset(p.ResetCause.POWER_ON)
        rig.run(100_000)
        exposure_us = rig.get("exposure_us")
        assert exposure_us in ({NEW} if whole else {OLD, NEW}), cut_after
        left.add(exposure_us)
        if exposure_us == NEW and not whole:
            rig.set(exposure_us=OLD)
            rig.ask(p.Save())
        cut_after += 1
    assert left == {OLD, NEW}
    assert cut_after > 10
