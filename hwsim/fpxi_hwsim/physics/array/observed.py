"""Defects as two real panels have them: 2000 x 2000 pixels of amorphous silicon.

Counted in their bad-pixel lists (alan-turing-institute/DetectorChecker), of 9451 and 2020 pixels:

- 93 % and 62 % of the bad pixels lie in lines of 50 or more. All 16 such columns of the first
  panel are cut off from some point to the middle of the panel, the far end of a data line whose
  half of the panel has amplifiers of its own; 2 are cut off whole. On the second, 2 columns end so,
  and one row and one column lie on the panel's edge.
- At all 14 inner breaks of the first panel, and at both of the second, 1 to 4 pixels of the next
  column are bad too.
- Off the lines there are 261 and 576 places. Over most of the panel they lie evenly, about 1.5 and
  1 in each 200 x 200 pixels; more than half of all crowd in a patch (some 420 on the second panel,
  37 x 85 pixels standard deviation) or around a corner (some 300 pixels on the first).
- 15 % and 19 % of the places have two pixels or more, of those 45 % and 28 % three or more.
"""

from __future__ import annotations

from fpxi_hwsim.physics.array.settings import Defects

AGED_DEFECTS = Defects(
    dead=160,
    cluster_share=0.11,
    cluster_growth=0.4,
    patch=70,
    patch_rows=50.0,
    patch_columns=50.0,
    corner=300,
    interrupted_columns=15,
    dead_columns=2,
    frayed_breaks=True,
)
"""of the panel with 9451 bad pixels"""

REFURBISHED_DEFECTS = Defects(
    dead=130,
    cluster_share=0.14,
    cluster_growth=0.25,
    patch=430,
    patch_rows=37.0,
    patch_columns=85.0,
    corner=30,
    interrupted_columns=3,
    interrupted_rows=1,
    frayed_breaks=True,
)
"""of the panel with 2020 bad pixels"""
