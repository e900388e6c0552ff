"""The acquisition chain: timers, DMA streams and SPI1 that play a panel's waves and take its words.

A line is judged once and remembered: see `verdict`.
"""
