"""What follows when runs of the recipes of characters end. Imported by the app's `ready()`."""

from __future__ import annotations
