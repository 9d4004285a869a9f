"""Whether this worker is about to end and wants its runs handed on."""

from __future__ import annotations

import threading

shutting_down = threading.Event()
