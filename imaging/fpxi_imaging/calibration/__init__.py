"""From darks and flats to a calibration, and from it to what corrects frames."""
