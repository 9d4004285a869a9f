"""Formats of hyperspectral scenes: one reader a file, and the search for cube and mask in what they read.

Free of torch. Nothing here unpickles, and no value is read before its declared size was checked.
"""

from ml_core.hsi.formats.choosing import Choice
from ml_core.hsi.formats.inspection import Inspection, inspect_scene
from ml_core.hsi.formats.opening import build_scene, open_scene

__all__ = ["Choice", "Inspection", "build_scene", "inspect_scene", "open_scene"]
