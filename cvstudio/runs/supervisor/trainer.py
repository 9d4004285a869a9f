"""The process that does the work: started in a session of its own, bounded, and ended with all its children."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from cvstudio.runs.limits import limits
from cvstudio.runs.models import Run
from cvstudio.runs.supervisor.environment import trainer_environment
from cvstudio.runs.supervisor.host import Mark, is_alive, mark_of
from ml_core.run.control import send_command

_MEMORY_LOOK_S = 2.0
_STDERR_TAIL_BYTES = 20_000


class Trainer:
    """A running ``python -m ml_core``.

    It notices the death of this process by the end of its standard input. PR_SET_PDEATHSIG would do the same
    without its help, but fires when the *thread* that started it ends, and gives no time for a checkpoint.

    Attributes:
        mark: Process id and start time, for whoever has to end it after this process is gone.
        exceeded_memory: Whether it was ended because it used too much memory.
    """

    def __init__(self, run: Run, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(run.config), encoding="utf-8")
        send_command(folder, None, run.command_id)  # what was asked of the process before is no longer asked
        self._stderr = folder / "stderr.log"
        self._kills_before = _kernel_memory_kills()
        with (folder / "stdout.log").open("ab") as output, self._stderr.open("ab") as errors:
            self._stderr_start = errors.tell()
            self._process = subprocess.Popen(
                _command(run, folder),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=errors,
                cwd=folder,
                env=trainer_environment(),
                start_new_session=True,
            )
        self.mark: Mark = mark_of(self._process.pid)
        self.exceeded_memory = False
        self._next_memory_look = 0.0
        self._bound()

    def _bound(self) -> None:
        """Bounds are set from outside: running Python between fork and exec is unsafe in a threaded process."""
        bounds = limits()
        pid = self._process.pid
        try:
            os.setpriority(os.PRIO_PROCESS, pid, bounds.nice)
            if hasattr(resource, "prlimit"):
                resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
                if bounds.max_file_bytes:
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (bounds.max_file_bytes, bounds.max_file_bytes))
        except ProcessLookupError:
            return  # it has ended already; its exit status tells why

    def exit_code(self) -> int | None:
        """The exit code once it has ended, negative for a signal; what is left of its group is ended first."""
        if self._process.returncode is None:
            options = os.WEXITED | os.WNOWAIT | os.WNOHANG
            if os.waitid(os.P_PID, self._process.pid, options) is None:
                return None
            self._signal_group(signal.SIGKILL)  # its id is not free before it is reaped
            self._process.wait()
            self._close_stdin()
        return self._process.returncode

    def ask_to_end(self) -> None:
        """SIGTERM: finish the step, write a checkpoint, exit. Its own children are not addressed."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and its children at once."""
        if self._process.returncode is None:
            self._signal_group(signal.SIGKILL)
            self._process.wait()
        self._close_stdin()

    def watch_memory(self) -> None:
        """End it when it and its children use more of the memory than one run may."""
        if time.monotonic() < self._next_memory_look:
            return
        self._next_memory_look = time.monotonic() + _MEMORY_LOOK_S
        if _resident_bytes(self._process.pid) > limits().memory_fraction * psutil.virtual_memory().total:
            self.exceeded_memory = True
            self.kill()

    def was_killed_for_memory(self) -> bool:
        """Whether we, or the kernel, ended a process for memory while this one ran."""
        return self.exceeded_memory or _kernel_memory_kills() > self._kills_before

    def last_words(self) -> str:
        """What it wrote to standard error, from this start on; the end of it when it was much."""
        with self._stderr.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            stream.seek(max(self._stderr_start, end - _STDERR_TAIL_BYTES))
            return stream.read().decode("utf-8", "replace")

    def _signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            return  # nobody is left (macOS says so with a permission error)

    def _close_stdin(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()


def _command(run: Run, folder: Path) -> list[str]:
    config = str(folder / "config.json")
    out = str(folder)
    return [
        *(sys.executable, "-m", "ml_core", run.recipe),
        *("--config", config, "--out", out, "--id", str(run.id)),
        *("--supervised", "--resume"),
    ]


def end_leftover(mark: Mark | None) -> bool:
    """End a trainer that an earlier supervisor on this host left behind, with time for its checkpoint.

    Returns:
        Whether there was one.
    """
    if not mark or not is_alive(mark):
        return False
    deadline = time.monotonic() + limits().kill_grace_s
    try:
        os.kill(mark["pid"], signal.SIGTERM)
        while is_alive(mark) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(mark["pid"], signal.SIGKILL)
    except ProcessLookupError:
        pass  # it went in between, which is what is wanted
    return True


def _resident_bytes(pid: int) -> int:
    total = 0
    try:
        process = psutil.Process(pid)
        for member in [process, *process.children(recursive=True)]:
            try:
                total += member.memory_info().rss
            except psutil.NoSuchProcess:
                continue
    except psutil.NoSuchProcess:
        return 0
    return total


def _kernel_memory_kills() -> int:
    """How many processes the Linux kernel has ended for want of memory; 0 where that is not told."""
    try:
        with Path("/proc/vmstat").open(encoding="ascii") as stream:
            return next((int(line.split()[1]) for line in stream if line.startswith("oom_kill ")), 0)
    except OSError:
        return 0
