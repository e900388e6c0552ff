"""From the X-ray tube to counts: one folder a stage in the signal's order, one effect a function.

Maps are float32: pixels (rows, columns), or the fine grid (2 rows, 2 columns) on which photons
land. Charge is in fC, current in pA a pixel, noise in electrons (root mean square).
"""
