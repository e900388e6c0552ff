"""Sessions, recording, replay, calibration runs and the command line."""
