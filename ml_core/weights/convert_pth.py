"""Turn an uploaded ``.pth`` into safetensors without trusting it.

The bytes are only ever looked at in a child process (`sandbox_child`) that has no network, cannot write outside its
folder, and dies at a limit of memory, CPU time or wall time. It loads with ``weights_only=True`` or not at all:
CVE-2025-32434 and CVE-2026-24747 show that the flag alone is no wall.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from ml_core.weights.errors import ConversionError, UnsafeWeightError
from ml_core.weights.header import SafetensorsHeader, read_header

_CHILD: Final = Path(__file__).with_name("sandbox_child.py")
_SAVE_HINT: Final = (
    "Save the weights alone, with safetensors.torch.save_file(model.state_dict(), 'model.safetensors') "
    "or torch.save(model.state_dict(), 'model.pth')."
)
_MEGABYTE: Final = 1024 * 1024

#: The first release without CVE-2025-32434 and CVE-2026-24747.
OLDEST_TORCH: Final = (2, 10)


@dataclass(frozen=True)
class Limits:
    """What one conversion may take.

    Attributes:
        max_bytes: Size of the file and of all its tensors.
        memory_bytes: On top of what torch takes by itself. Loading holds the file's tensors twice.
        cpu_s: Seconds of processor time.
        timeout_s: Seconds by the clock.
    """

    max_bytes: int = 1024 * _MEGABYTE
    memory_bytes: int = 2560 * _MEGABYTE
    cpu_s: int = 120
    timeout_s: float = 180


@dataclass(frozen=True)
class Conversion:
    """A finished conversion. ``notes`` names protections that this machine does not offer."""

    header: SafetensorsHeader
    notes: tuple[str, ...]


def convert_pth(source: Path, target: Path, limits: Limits | None = None) -> Conversion:
    """Convert the plain state dict in ``source`` to safetensors at ``target``. ``source`` is removed in any case.

    Takes some seconds: the child imports torch. Both paths must lie in one file system, where the child gets a
    folder of its own beside ``source``.

    Raises:
        UnsafeWeightError: The file is anything but a plain state dict.
        ConversionError: Out of memory or time, or the child died.
    """
    limits = limits or Limits()
    try:
        _require_safe_torch()
        if source.stat().st_size > limits.max_bytes:
            raise ConversionError(
                f"The file has more than the {limits.max_bytes:,} bytes that are accepted.",
                code="weights.too_large", hint="Save it in half precision.",
            )  # fmt: skip
        with tempfile.TemporaryDirectory(prefix="convert-", dir=source.parent) as folder:
            given, made = Path(folder).resolve() / "given.pth", Path(folder).resolve() / "model.safetensors"
            source.replace(given)
            report = _run_child(given, made, limits)
            header = read_header(made, max_bytes=limits.max_bytes + 16 * _MEGABYTE)
            made.replace(target)
    finally:
        source.unlink(missing_ok=True)
    return Conversion(header=header, notes=tuple(report["notes"]))


def _require_safe_torch() -> None:
    """Older releases run code from files even with ``weights_only=True``."""
    installed = version("torch")
    release = tuple(int(part) for part in installed.split("+")[0].split(".")[:2])
    if release < OLDEST_TORCH:
        raise ConversionError(
            f"torch {installed} cannot read foreign files safely, so nothing is converted.",
            code="weights.torch_too_old", hint="Install torch 2.10 or newer, or upload safetensors.",
        )  # fmt: skip


def _run_child(source: Path, made: Path, limits: Limits) -> dict[str, Any]:
    order = {
        "source": str(source), "target": str(made), "folder": str(made.parent),
        "max_bytes": limits.max_bytes, "memory_bytes": limits.memory_bytes, "cpu_s": limits.cpu_s,
    }  # fmt: skip
    child = subprocess.Popen(  # a fixed program; what the user sent travels as data on stdin
        [sys.executable, "-I", "-B", str(_CHILD)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        # Nothing of our environment, whose secrets the child must not know. One thread: namespaces ask for it.
        env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "HOME": str(made.parent),
             "TMPDIR": str(made.parent), "LC_ALL": "C.UTF-8"},
        cwd=made.parent, start_new_session=True, close_fds=True,
    )  # fmt: skip
    try:
        output, _ = child.communicate(json.dumps(order).encode(), timeout=limits.timeout_s)
    except subprocess.TimeoutExpired as error:
        raise ConversionError(
            f"The conversion took longer than {limits.timeout_s:.0f} seconds and was ended.",
            code="weights.conversion_timeout", hint=_SAVE_HINT,
        ) from error  # fmt: skip
    finally:
        _end(child)
    return _report(output, child.returncode)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Leave nobody of the child's process group behind."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()


def _report(output: bytes, returncode: int) -> dict[str, Any]:
    try:
        report = json.loads(output.decode().strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise ConversionError(
            f"The converter ended without an answer (exit {returncode}): it ran out of memory or time.",
            hint=_SAVE_HINT,
        ) from error  # fmt: skip
    fault = report.get("error")
    if fault is None:
        return dict(report)
    kind = ConversionError if fault["code"] == "weights.conversion_failed" else UnsafeWeightError
    raise kind(_sentence(fault["message"]), code=fault["code"], hint=_SAVE_HINT, where=fault["where"])


def _sentence(text: str) -> str:
    return text if text.endswith(".") else text + "."
