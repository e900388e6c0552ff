"""Which fpxi this is."""

from __future__ import annotations

import importlib.metadata


def software_version() -> str:
    """Return the version of the installed distribution; says so where it runs from sources."""
    try:
        return importlib.metadata.version("fpxi")
    except importlib.metadata.PackageNotFoundError:
        return "not installed, run from sources"
