"""Becomes the program named on its command line, after asking the kernel to end it with the launcher.

Usage: child.py SIGNAL PARENT_PID NICENESS PROGRAM [ARGUMENT ...]

A step between fork and exec, done in a fresh interpreter because the launcher's own Python code must not
run there. It uses the standard library alone and starts in a few milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(death_signal: int, parent: int) -> None:
    """On Linux: get `death_signal` when the parent ends, however it ends. The request survives exec."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the request was made
        sys.exit(0)


def main() -> None:
    """Ask, then become the program."""
    death_signal, parent, niceness, program = *map(int, sys.argv[1:4]), sys.argv[4:]
    # The launcher ignores Ctrl-C while it ends its children; they must not inherit that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    die_with_parent(death_signal, parent)
    os.nice(niceness)
    os.execv(program[0], program)  # noqa: S606 - that is what it is for


if __name__ == "__main__":
    main()
