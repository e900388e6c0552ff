"""Models of what hangs on the microcontroller's pins: they check every wave they are given."""
