"""Entry point of ``python -m ml_core``."""

from __future__ import annotations

from ml_core.run.cli import leave, main

if __name__ == "__main__":
    leave(main())
