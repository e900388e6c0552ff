"""Build hook: compile the firmware into the wheel, or into the checkout of an editable install."""

from __future__ import annotations

import importlib.util
import platform
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE_FOLDER = "fpxi_hwsim/_native"


def _load_build_native(root: Path) -> ModuleType:
    path = root / "readout" / "firmware" / "build_native.py"
    specification = importlib.util.spec_from_file_location("build_native", path)
    if specification is None or specification.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses look their module up
    specification.loader.exec_module(module)
    return module


def _platform_tag() -> str:
    # A universal2 interpreter names two processors; the library is for the one at hand.
    tag = sysconfig.get_platform().replace("universal2", platform.machine())
    return tag.replace("-", "_").replace(".", "_")


class NativeBuildHook(BuildHookInterface[Any]):
    """Compiles the native firmware library for wheels and editable installs."""

    def dependencies(self) -> list[str]:
        """Ask for a compiler where the machine has none."""
        build_native = _load_build_native(Path(self.root))
        return [] if build_native.find_compiler() else ["ziglang>=0.13,<1"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and say where the library belongs; a source distribution needs nothing."""
        if self.target_name != "wheel":
            return
        build_native = _load_build_native(Path(self.root))
        library = build_native.compile_native(build_native.OUTPUT)
        if version == "editable":
            return
        build_data["force_include"][str(library)] = f"{PACKAGE_FOLDER}/{library.name}"
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{_platform_tag()}"
