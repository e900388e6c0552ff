"""What is executed here is what is shipped."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from fpxi_hwsim.emulator.release_image import find_elf


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_the_executed_file_is_the_release(rig_module, builder, tmp_path):
    """The file in use is, byte for byte, what a build of these sources ships; and its regions, as
    the boot loader would write them, are what is in the processor's flash."""
    executed = find_elf(None)
    released = builder.build(tmp_path, git="0" * 40)
    manifest = json.loads(released.manifest.read_text(encoding="utf-8"))
    assert sha256(executed.read_bytes()) == manifest["elf"]["sha256"]
    rig = rig_module.Rig("stm32f405", "tft64")
    rig.run(100_000)
    memory = rig.device._firmware.board.mcu.machine.memory
    for region in manifest["regions"]:
        content = (Path(tmp_path) / region["file"]).read_bytes()
        assert sha256(content) == region["sha256"]
        assert sha256(memory.read(region["address"], region["size"])) == region["sha256"]


def test_another_image_would_be_noticed(builder, tmp_path):
    released = builder.build(tmp_path, git="0" * 40)
    changed = bytearray(released.elf.read_bytes())
    changed[-1] ^= 1
    assert sha256(changed) != released.content["elf"]["sha256"]
