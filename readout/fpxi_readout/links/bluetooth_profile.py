"""What a panel offers over Bluetooth Low Energy: services, characteristics, names.

The wire protocol runs through the Nordic UART Service, which transparent-UART modules of many
makers speak. Who the panel is and how full its battery is are in the Device Information and
Battery services (Bluetooth SIG, DIS 1.1 and BAS 1.0), which answer anyone; the UART answers a
paired host alone.
"""

from __future__ import annotations

UART_SERVICE = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
UART_TO_PANEL = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
"""characteristic that the host writes"""
UART_TO_HOST = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
"""characteristic that notifies the host"""

DEVICE_INFORMATION_SERVICE = "0000180a-0000-1000-8000-00805f9b34fb"
MANUFACTURER_NAME = "00002a29-0000-1000-8000-00805f9b34fb"
MODEL_NUMBER = "00002a24-0000-1000-8000-00805f9b34fb"
"""the panel's name in the protocol definition, such as tft64"""
SERIAL_NUMBER = "00002a25-0000-1000-8000-00805f9b34fb"
FIRMWARE_REVISION = "00002a26-0000-1000-8000-00805f9b34fb"

BATTERY_SERVICE = "0000180f-0000-1000-8000-00805f9b34fb"
BATTERY_LEVEL = "00002a19-0000-1000-8000-00805f9b34fb"
"""u8, percent"""

MANUFACTURER = "fpxi"
LONGEST_NAME = 8
"""characters: with the UART service's 128-bit UUID and the flags, an advertisement of 31 bytes"""
