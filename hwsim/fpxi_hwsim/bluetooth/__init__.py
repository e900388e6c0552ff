"""A panel on Bluetooth Low Energy: the air, the module on the board, the host system's side."""
