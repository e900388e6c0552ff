"""Firmware images: read, checked, put on a board by its ROM boot loader, and verified."""

from fpxi.firmware_update.image import FirmwareImage, load_image
from fpxi.firmware_update.update import UpdateReport, update_firmware

__all__ = ["FirmwareImage", "UpdateReport", "load_image", "update_firmware"]
