"""Checkpoints on disk: a folder of safetensors and JSON, whole or not there, every file with its SHA-256.

``checkpoints/step-00000420/`` holds ``model.safetensors`` (the weights), ``state.safetensors`` (optimizer, moving
average, random generators) and ``state.json`` (everything else, and the hashes of the other two). It is written
under a hidden name, flushed, and renamed; a crash leaves the hidden name behind, which the next start removes.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from ml_core.errors import CheckpointError
from ml_core.run.files import sha256_file, sync_folder, to_json

CHECKPOINT_FORMAT = 1
MODEL_FILE, TENSORS_FILE, STATE_FILE = "model.safetensors", "state.safetensors", "state.json"
_NAME = re.compile(r"step-(\d+)")
_TEMPORARY, _REPLACED = ".writing-", ".replaced-"
DISK_FULL_CODE = "checkpoint.disk_full"


@dataclass(frozen=True)
class CheckpointFacts:
    """A checkpoint as the event log tells of it. ``sha256`` is that of ``state.json``, which holds the others."""

    path: Path
    step: int
    epoch: int
    size_bytes: int
    sha256: str
    tags: list[str]
    metrics: dict[str, float]


@dataclass(frozen=True)
class LoadedCheckpoint:
    """The verified content of a checkpoint."""

    facts: CheckpointFacts
    model: dict[str, Tensor]
    tensors: dict[str, Tensor]
    state: dict[str, Any]

    def item(self, *keys: str) -> Any:
        """An item of ``state.json``.

        Raises:
            CheckpointError: It is missing.
        """
        value: Any = self.state
        for key in keys:
            if not isinstance(value, dict) or key not in value:
                raise missing_item(self.facts.path, ".".join(keys))
            value = value[key]
        return value

    def tensor_items(self, prefix: str) -> dict[str, Tensor]:
        """Tensors whose name begins with ``prefix``, without it."""
        return {name[len(prefix) :]: tensor for name, tensor in self.tensors.items() if name.startswith(prefix)}


def missing_item(path: Path, item: str) -> CheckpointError:
    """The error for a checkpoint that lacks something that exact resume needs."""
    return CheckpointError(
        f'The checkpoint {path.name} lacks "{item}", without which training cannot go on exactly.',
        code="checkpoint.incomplete",
        hint="Resume from an older checkpoint: remove this folder, then resume again.",
        where=path.name,
    )


def name_of(step: int) -> str:
    """Folder name of the checkpoint at a step."""
    return f"step-{step:08d}"


def list_checkpoints(folder: Path) -> list[Path]:
    """Whole checkpoints, oldest first by the number of their step, never by the text of their name."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        if match := _NAME.fullmatch(path.name):
            found.append((int(match[1]), path))
    return [path for _, path in sorted(found)]


def clean_up(folder: Path) -> None:
    """Remove what a crash left half-made, and put back what it was about to replace."""
    for path in sorted(folder.glob(f"{_REPLACED}*")):
        original = folder / path.name.removeprefix(_REPLACED)
        if original.exists():
            shutil.rmtree(path)
        else:
            path.rename(original)
    for path in folder.glob(f"{_TEMPORARY}*"):
        shutil.rmtree(path)


def write_checkpoint(
    folder: Path, model: dict[str, Tensor], tensors: dict[str, Tensor], state: dict[str, Any]
) -> CheckpointFacts:
    """Write the checkpoint of ``state["step"]``; an earlier one of the same step is replaced.

    Raises:
        CheckpointError: The disk is full. Nothing is left behind, older checkpoints are untouched.
    """
    target = folder / name_of(state["step"])
    temporary = folder / f"{_TEMPORARY}{target.name}"
    needed = sum(t.numel() * t.element_size() for t in (*model.values(), *tensors.values()))
    try:
        temporary.mkdir()
        facts = _write_files(temporary, model, tensors, state)
        _publish(temporary, target)
    except (OSError, safetensors.SafetensorError) as error:
        clean_up(folder)
        if _is_disk_full(error):
            raise CheckpointError(
                f"The disk is full: a checkpoint needs {needed:,} bytes, {shutil.disk_usage(folder).free:,} are free.",
                code=DISK_FULL_CODE,
                hint="Free some space, or keep fewer checkpoints.",
                where=target.name,
            ) from error
        raise
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return CheckpointFacts(target, **facts)


def _write_files(
    folder: Path, model: dict[str, Tensor], tensors: dict[str, Tensor], state: dict[str, Any]
) -> dict[str, Any]:
    unique, aliases = _without_aliases(model)
    files: dict[str, dict[str, Any]] = {}
    for name, content in ((MODEL_FILE, unique), (TENSORS_FILE, tensors)):
        path = folder / name
        safetensors.torch.save_file({key: value.contiguous() for key, value in content.items()}, path)
        files[name] = {"sha256": sha256_file(path), "size_bytes": path.stat().st_size}
        _sync_file(path)
    path = folder / STATE_FILE
    whole = {"format": CHECKPOINT_FORMAT, **state, "aliases": aliases, "files": files}
    path.write_text(to_json(whole, indent=1), encoding="utf-8")
    _sync_file(path)
    sync_folder(folder)
    return {
        "step": state["step"],
        "epoch": state["epoch"],
        "size_bytes": path.stat().st_size + sum(facts["size_bytes"] for facts in files.values()),
        "sha256": sha256_file(path),
        "tags": list(state["tags"]),
        "metrics": dict(state["metrics"]),
    }


def _publish(temporary: Path, target: Path) -> None:
    """Give the finished folder its name. A folder cannot replace another in one step, so the old one steps aside."""
    replaced = target.parent / f"{_REPLACED}{target.name}"
    if target.exists():
        target.replace(replaced)
    temporary.replace(target)
    sync_folder(target.parent)
    if replaced.exists():
        shutil.rmtree(replaced)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _without_aliases(model: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tied weights are stored once: safetensors refuses shared memory."""
    unique: dict[str, Tensor] = {}
    aliases: dict[str, str] = {}
    seen: dict[tuple[int, tuple[int, ...]], str] = {}
    for name, tensor in model.items():
        identity = (tensor.data_ptr(), tuple(tensor.shape))
        if tensor.numel() and identity in seen:
            aliases[name] = seen[identity]
        else:
            seen[identity] = name
            unique[name] = tensor
    return unique, aliases


def _is_disk_full(error: OSError | safetensors.SafetensorError) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return "No space left" in str(error) or "os error 28" in str(error)


def read_facts(path: Path) -> tuple[CheckpointFacts, dict[str, Any]]:
    """Facts and the content of ``state.json``, without touching the tensors.

    Raises:
        CheckpointError: ``state.json`` is missing or damaged.
    """
    state_path = path / STATE_FILE
    try:
        state = json.loads(state_path.read_text(encoding="utf-8"))
        if state["format"] != CHECKPOINT_FORMAT:
            raise CheckpointError(
                f"The checkpoint {path.name} has a format that this version does not know.",
                code="checkpoint.format",
                where=path.name,
            )
        facts = CheckpointFacts(
            path,
            step=state["step"],
            epoch=state["epoch"],
            size_bytes=state_path.stat().st_size + sum(item["size_bytes"] for item in state["files"].values()),
            sha256=sha256_file(state_path),
            tags=list(state["tags"]),
            metrics=dict(state["metrics"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, STATE_FILE) from error
    return facts, state


def read_checkpoint(path: Path) -> LoadedCheckpoint:
    """Read a checkpoint and verify every byte of it.

    Raises:
        CheckpointError: A file is missing, or is not what was written.
    """
    facts, state = read_facts(path)
    content = {}
    for name in (MODEL_FILE, TENSORS_FILE):
        if name not in state["files"]:
            raise missing_item(path, name)
        try:
            if sha256_file(path / name) != state["files"][name]["sha256"]:
                raise _damaged(path, name)
            content[name] = safetensors.torch.load_file(path / name)
        except (OSError, safetensors.SafetensorError, KeyError, TypeError) as error:
            raise _damaged(path, name) from error
    model = content[MODEL_FILE]
    for alias, original in state.get("aliases", {}).items():
        model[alias] = model[original]
    return LoadedCheckpoint(facts, model, content[TENSORS_FILE], state)


def _damaged(path: Path, file: str) -> CheckpointError:
    return CheckpointError(
        f"The checkpoint {path.name} is damaged: {file} is not what was written.",
        code="checkpoint.damaged",
        hint="Resume again: the newest whole checkpoint is taken.",
        where=f"{path.name}/{file}",
    )


def remove_superseded(folder: Path, keep_last: int, best_step: int | None) -> None:
    """Delete old checkpoints. The latest ``keep_last``, the best, and those made by hand stay."""
    paths = list_checkpoints(folder)
    for path in paths[:-keep_last]:
        try:
            facts, _ = read_facts(path)
        except CheckpointError:
            continue  # a damaged one is evidence; it stays until a person removes it
        if facts.step != best_step and "manual" not in facts.tags:
            shutil.rmtree(path)
