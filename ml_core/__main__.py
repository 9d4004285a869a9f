"""Entry point of ``python -m ml_core``."""

from __future__ import annotations

import sys

from ml_core.run.cli import main

if __name__ == "__main__":
    sys.exit(main())
