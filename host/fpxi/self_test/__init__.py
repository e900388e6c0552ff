"""`fpxi selftest`: the board, the path of the samples, and the lines of the panel, tested."""
