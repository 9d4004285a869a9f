"""Nothing here runs as a task: predictions travel over `serving`. Importing it lets a worker start the server."""

from __future__ import annotations

from cvstudio.inference import worker

__all__ = ["worker"]
