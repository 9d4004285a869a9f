"""Versions that a run is sealed with, read from package metadata so that nothing heavy is imported."""

from __future__ import annotations

import platform
from importlib import metadata

CVSTUDIO_VERSION = "0.1.0"
_PACKAGES = ("torch", "torchvision", "numpy", "pillow", "safetensors")


def versions() -> dict[str, str]:
    """Name to version; a package that is not installed is left out."""
    found = {"python": platform.python_version(), "cvstudio": CVSTUDIO_VERSION}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
