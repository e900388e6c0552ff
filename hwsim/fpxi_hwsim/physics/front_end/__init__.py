"""The front end: from the charge on a data line to counts.

The effects of a scan, in order: `couple`, the noises, `amplify`, `skip_cds` where the reset level
is not subtracted, `digitise`. None of them changes its inputs.
"""
