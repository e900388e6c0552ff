"""The `fpxi` command: everything the stack does, from a terminal or a script."""
