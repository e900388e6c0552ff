"""The STM32F405 board's firmware image, executed with its peripherals and pins simulated."""
