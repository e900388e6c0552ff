"""Signal that a panel gives back after the exposure that caused it."""
