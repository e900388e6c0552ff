"""The STM32F405 board's firmware image, executed with its peripherals and pins simulated.

Needs the extra `emulator` (`pip install fpxi[emulator]`): Unicorn executes the instructions,
this package models everything around the core at register level and in virtual time.
"""
