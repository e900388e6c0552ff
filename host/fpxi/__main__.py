"""`python -m fpxi` is the command `fpxi`."""

from fpxi.cli.main import main

if __name__ == "__main__":
    main()
