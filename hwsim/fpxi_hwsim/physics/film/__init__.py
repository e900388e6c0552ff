"""The film over time: dark current, ion migration, lag, ghosting, traps and film noise.

The state of a film is a mean-field one: it follows the expected current, not the photons' noise.
"""
