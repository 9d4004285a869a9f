"""The throw-away process that turns a plain state dict into safetensors. Run as a file, never imported by the product.

It gives up every right it can before it looks at the untrusted bytes: no network (own namespaces), no file read or
written outside its folder (Landlock), bounded memory, time, file size and processes. What the machine does not offer
is named in the report rather than passed over. It imports nothing of this project: only torch and safetensors.

Arguments: JSON on standard input with ``source``, ``target``, ``folder`` and the limits. Report: one JSON line.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import os
import pickletools
import resource
import sys
import zipfile
from pathlib import Path
from typing import Any

#: Everything that the pickle of a plain state dict names. One name more, and the file is refused unread.
ALLOWED_GLOBALS = frozenset(
    {"collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter"}
    | {
        f"torch {kind}Storage"
        for kind in ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
    }
)
#: Instructions that make objects in other ways than protocol 2 does, which is what torch.save writes.
_MAKERS = frozenset({"STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4"})
MAX_PICKLE_BYTES = 16 * 1024 * 1024
MAX_MEMBERS = 50_000

_CLONE_NEWNS, _CLONE_NEWIPC = 0x00020000, 0x08000000
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS = 38
# Landlock's system calls have the same numbers on every architecture.
_SYS_CREATE_RULESET, _SYS_ADD_RULE, _SYS_RESTRICT_SELF = 444, 445, 446
_FILE_RIGHTS = (1 << 13) - 1  # all of ABI 1: execute, read, write, remove, make


class Refused(Exception):
    """The file is not a plain state dict."""

    def __init__(self, code: str, message: str, where: str = "") -> None:
        super().__init__(message)
        self.body = {"code": code, "message": message, "where": where}


def main() -> int:
    """Confine, convert, report."""
    order = json.loads(sys.stdin.read())
    notes = leave_network()  # namespaces can only be left while there is one thread, so before torch comes
    import safetensors.torch
    import torch

    _warm_up(torch, safetensors.torch)
    limit_resources(order)
    notes += enter_folder(order["folder"])
    try:
        tensors = read_state_dict(torch, order["source"], int(order["max_bytes"]))
        safetensors.torch.save_file(tensors, order["target"])
        report: dict[str, Any] = {"tensors": len(tensors)}
    except Refused as error:
        report = {"error": error.body}
    except (MemoryError, RuntimeError, OSError) as error:
        # torch reports a failed allocation, a short read and an unknown record alike as RuntimeError.
        report = {"error": {"code": "weights.conversion_failed", "message": _first_line(error), "where": ""}}
    print(json.dumps({**report, "notes": notes}))  # noqa: T201 - the report channel of this process
    return 1 if "error" in report else 0


def _warm_up(torch: Any, safetensors: Any) -> None:
    """Go the whole way once with a file of our own, so that nothing is imported after the folders are closed."""
    stream = io.BytesIO()
    torch.save({"a": torch.zeros(1)}, stream)
    stream.seek(0)
    safetensors.save(torch.load(stream, map_location="cpu", weights_only=True))


def leave_network() -> list[str]:
    """Move into empty network and IPC namespaces. Returns what this machine does not offer."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC | _CLONE_NEWNS) != 0:
        return ["no network namespace: " + os.strerror(ctypes.get_errno())]
    return []


def enter_folder(folder: str) -> list[str]:
    """Give up every file outside ``folder``. Returns what this machine does not offer."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not _landlock(libc, folder):
        return ["no Landlock: " + os.strerror(ctypes.get_errno())]
    return []


def _landlock(libc: ctypes.CDLL, folder: str) -> bool:
    """Allow files below ``folder`` alone. https://docs.kernel.org/userspace-api/landlock.html."""
    rights = ctypes.c_uint64(_FILE_RIGHTS)
    ruleset = libc.syscall(_SYS_CREATE_RULESET, ctypes.byref(rights), ctypes.c_size_t(8), ctypes.c_uint32(0))
    if ruleset < 0:
        return False
    parent = os.open(folder, os.O_PATH)
    rule = bytearray(12)  # packed: u64 allowed_access, s32 parent_fd
    rule[:8] = _FILE_RIGHTS.to_bytes(8, sys.byteorder)
    rule[8:] = parent.to_bytes(4, sys.byteorder)
    buffer = (ctypes.c_char * 12).from_buffer(rule)
    added = libc.syscall(_SYS_ADD_RULE, ruleset, 1, ctypes.byref(buffer), ctypes.c_uint32(0))
    applied = added == 0 and libc.syscall(_SYS_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)) == 0
    os.close(parent)
    os.close(ruleset)
    return bool(applied)


def limit_resources(order: dict[str, Any]) -> None:
    """Bound memory, CPU time, file size, open files, processes and core dumps."""
    used = _data_bytes()  # what torch took at import is not the file's doing
    for kind, amount in (
        (resource.RLIMIT_DATA, used + int(order["memory_bytes"])),
        (resource.RLIMIT_CPU, int(order["cpu_s"])),
        (resource.RLIMIT_FSIZE, int(order["max_bytes"]) + MAX_PICKLE_BYTES),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        resource.setrlimit(kind, (amount, amount))


def _data_bytes() -> int:
    with Path("/proc/self/status").open(encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData:"))


def read_state_dict(torch: Any, source: str, max_bytes: int) -> dict[str, Any]:
    """Check the archive, then load it with ``weights_only=True``; the tensors by name."""
    check_archive(source)
    try:
        loaded = torch.load(source, map_location="cpu", weights_only=True)
    except Exception as error:
        # The unpickler may raise anything on hostile bytes. Whatever the reason, the answer is no: there is no second
        # try with weaker settings.
        raise Refused("weights.unsafe", "The file is not a plain state dict: " + _first_line(error)) from error
    return plain_state_dict(torch, loaded, max_bytes)


def check_archive(source: str) -> None:
    """Refuse anything but the zip that ``torch.save`` writes for a state dict, without unpickling a byte."""
    with Path(source).open("rb") as stream:
        magic = stream.read(4)
    if magic[:2] != b"PK":
        raise Refused("weights.legacy_format", "The file is a bare pickle or a tar of torch before 1.6.")
    try:
        with zipfile.ZipFile(source) as archive:
            scan_pickle(_pickle_of(archive, Path(source).stat().st_size))
    except (zipfile.BadZipFile, EOFError, NotImplementedError, KeyError, OSError) as error:
        raise Refused("weights.truncated", "The file is damaged or cut short.") from error


def _pickle_of(archive: zipfile.ZipFile, file_bytes: int) -> bytes:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise Refused("weights.unsafe", f"The archive has {len(members):,} members.")
    # torch stores members as they are; a compressed one would unpack to any size.
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise Refused("weights.unsafe", "The archive has compressed members, which torch.save never writes.")
    if sum(member.file_size for member in members) > file_bytes:
        raise Refused("weights.unsafe", "The archive's members are larger than the file.")
    names = [member.filename for member in members]
    if any("/code/" in name or name.endswith("/constants.pkl") for name in names):
        raise Refused("weights.unsafe", "The file is a TorchScript program.")
    pickles = [member for member in members if member.filename.endswith(".pkl")]
    if len(pickles) != 1 or not pickles[0].filename.endswith("data.pkl"):
        raise Refused("weights.unsafe", "The archive does not hold exactly one data.pkl.")
    if pickles[0].file_size > MAX_PICKLE_BYTES:
        raise Refused("weights.unsafe", "The pickle in the archive is too large for a state dict.")
    return archive.read(pickles[0])


def scan_pickle(content: bytes) -> None:
    """Read the pickle's instructions without running them; refuse every name outside `ALLOWED_GLOBALS`."""
    try:
        for opcode, argument, _ in pickletools.genops(content):
            if opcode.name == "GLOBAL":
                _require_allowed(str(argument))
            elif opcode.name in _MAKERS:
                raise Refused("weights.unsafe", "The file makes objects other than tensors.", opcode.name)
    except ValueError as error:
        raise Refused("weights.truncated", "The pickle in the archive is damaged.") from error


def _require_allowed(name: str) -> None:
    if name not in ALLOWED_GLOBALS:
        shown = name.replace(" ", ".")[:100]
        raise Refused("weights.unsafe", f"The file asks for {shown}, which a plain state dict never does.", shown)


def plain_state_dict(torch: Any, loaded: Any, max_bytes: int) -> dict[str, Any]:
    """The tensors by name, each with memory of its own; refuses everything else by name."""
    if not isinstance(loaded, dict) or not loaded:
        raise Refused("weights.not_state_dict", "The file does not hold a map of names to tensors.")
    for name, value in loaded.items():
        if not isinstance(name, str):
            raise Refused("weights.not_state_dict", "A key of the state dict is not a text.", str(name)[:100])
        if not isinstance(value, torch.Tensor):
            kind = type(value).__name__
            raise Refused("weights.not_state_dict", f"{name[:100]!r} is of type {kind}, not a tensor.", name[:100])
        if value.layout != torch.strided or value.is_quantized or value.is_complex():
            raise Refused("weights.not_state_dict", f"{name[:100]!r} is not a dense real tensor.", name[:100])
    # A tensor of stride 0 claims terabytes with four bytes; counted before anything is copied.
    size = sum(value.numel() * value.element_size() for value in loaded.values())
    if size > max_bytes:
        raise Refused("weights.too_large", f"The tensors would take {size:,} bytes.")
    return {name: value.detach().clone(memory_format=torch.contiguous_format) for name, value in loaded.items()}


def _first_line(error: BaseException) -> str:
    """The first sentence of a library's message, without paths."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return line.split(" File ")[0].replace(str(Path.cwd()), "")[:200]


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
