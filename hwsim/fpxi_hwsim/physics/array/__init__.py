"""The pixel array: what differs from pixel to pixel, and what its switches and lines do to charge.

The effects of a scan, in order, after the collected charge: `blink` and `add_delayed`,
`accumulate`, `transfer`, `leak_off`, `inject`. None of them changes its inputs. A neutral setting
makes an effect vanish exactly, and the map of it None.
"""
