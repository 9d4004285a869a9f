"""Takes an uploaded file of weights into the library, after it was checked against an architecture."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from cvstudio.weights import library
from cvstudio.weights.errors import BusyError, TooLargeError, WeightError
from cvstudio.weights.models import Weight, WeightVersion
from cvstudio.weights.services.record_run_weight import next_number
from ml_core.graph.build import write_model
from ml_core.weights.compare import compare_tensors
from ml_core.weights.convert_pth import Limits, convert_pth
from ml_core.weights.expected import expected_tensors, specs_of
from ml_core.weights.facts import weight_facts
from ml_core.weights.folder import MODEL_FILE, WeightFacts, write_facts
from ml_core.weights.header import SafetensorsHeader, read_header
from ml_core.weights.image_input import image_input_of

if TYPE_CHECKING:
    from cvstudio.accounts.models import User
    from cvstudio.architectures.models import ArchitectureVersion

TASK = "vision.classify"
_FORM_BYTES = 4 * 1024 * 1024  # what the other fields of the form may take
#: Each check starts a process with torch in it; more than two at once would crowd out everything else.
_checks = threading.BoundedSemaphore(2)
_CHECK_WAIT_S = 60.0
SAFETENSORS, PICKLED = (".safetensors",), (".pth", ".pt")


@dataclass(frozen=True)
class Described:
    """What the person says about the file.

    Attributes:
        name: Of the weight; the file's name when empty.
        classes: Names in the order of the outputs; numbered ones when empty.
        preprocessing: ``mean``, ``std`` and ``resize``, where they differ from what training takes.
        notes: Free text.
        weight: Add a version to this weight instead of making a new one.
        parent: The version that these weights come from.
    """

    name: str = ""
    classes: list[str] = field(default_factory=list)
    preprocessing: dict[str, Any] = field(default_factory=dict)
    notes: str = ""
    weight: Weight | None = None
    parent: WeightVersion | None = None


def upload_weight(
    *, owner: User, file: UploadedFile[Any], architecture_version: ArchitectureVersion, described: Described
) -> WeightVersion:
    """Check, convert when it is a ``.pth``, compare with the architecture, and store. Takes some seconds.

    Raises:
        TooLargeError: Over ``MAX_UPLOAD_SIZE``.
        WeightError: The file's kind is unknown, or the classes do not fit the outputs.
        WeightFileError: The file is damaged.
        UnsafeWeightError: The file holds more than tensors.
        WeightMismatchError: The tensors are not those of the architecture; they are named.
    """
    suffix = _suffix(file)
    inputs = image_input_of(architecture_version.document, described.preprocessing)
    classes = _classes(described.classes, inputs.outputs)
    _require_same(described, architecture_version)
    with _one_of_few(), library.staging_folder() as staged:
        folder = Path(staged)
        header = _receive(file, suffix, folder)
        write_model(architecture_version.document, folder)
        compare_tensors(expected_tensors(folder), specs_of(header.tensors)).require_fit()
        file_facts = weight_facts(folder / MODEL_FILE)
        facts = WeightFacts(
            task=TASK,
            classes=classes,
            graph=architecture_version.document,
            preprocessing=inputs.preprocessing,
            parameters=int(architecture_version.facts.get("params") or file_facts["elements"]),
        )
        write_facts(folder, facts)
        return _record(owner, folder, facts, file_facts, file.name or "", architecture_version, described)


@contextmanager
def _one_of_few() -> Iterator[None]:
    if not _checks.acquire(timeout=_CHECK_WAIT_S):
        raise BusyError("Other uploads are being checked.", hint="Try again in a minute.")
    try:
        yield
    finally:
        _checks.release()


def _require_same(described: Described, architecture_version: ArchitectureVersion) -> None:
    """Versions of one weight share the architecture: their numbers would mean nothing otherwise."""
    weight = described.weight
    if weight is not None and weight.architecture_id != architecture_version.architecture_id:
        raise WeightError("The weight belongs to another architecture.", code="weights.other_architecture",
                          hint="Leave weight out to make a new one.", where="weight")  # fmt: skip


def refuse_length(content_length: int) -> None:
    """Turn away a request that is too large by its own word, before a byte of it is read.

    Raises:
        TooLargeError: The file cannot be within ``MAX_UPLOAD_SIZE``.
    """
    if content_length > settings.MAX_UPLOAD_SIZE + _FORM_BYTES:
        raise _too_large()


def _too_large() -> TooLargeError:
    return TooLargeError(
        f"The file is larger than the {settings.MAX_UPLOAD_SIZE:,} bytes that are accepted.",
        hint="Save it in half precision, or raise MAX_UPLOAD_SIZE.", where="file",
    )  # fmt: skip


def _suffix(file: UploadedFile[Any]) -> str:
    if file.size is None or file.size > settings.MAX_UPLOAD_SIZE:
        raise _too_large()
    suffix = Path(file.name or "").suffix.lower()
    if suffix not in SAFETENSORS + PICKLED:
        raise WeightError(
            "A weight is a .safetensors file, or a .pth or .pt file with a plain state dict.",
            code="weights.unknown_format", where="file",
            hint="Save it with safetensors.torch.save_file(model.state_dict(), 'model.safetensors').",
        )  # fmt: skip
    return suffix


def _receive(file: UploadedFile[Any], suffix: str, folder: Path) -> SafetensorsHeader:
    """The upload as a checked ``model.safetensors`` in ``folder``."""
    target = folder / MODEL_FILE
    received = target if suffix in SAFETENSORS else folder / "received.pth"
    with received.open("wb") as stream:
        shutil.copyfileobj(file, stream, 1024 * 1024)
    if suffix in SAFETENSORS:
        return read_header(target)
    # Loading holds the tensors twice, and torch needs room of its own.
    room = 3 * received.stat().st_size + 512 * 1024 * 1024
    return convert_pth(received, target, Limits(max_bytes=settings.MAX_UPLOAD_SIZE, memory_bytes=room)).header


def _classes(given: list[str], outputs: int) -> list[str]:
    names = [name.strip() for name in given] or [str(index) for index in range(outputs)]
    if len(names) != outputs:
        raise WeightError(
            f"The architecture has {outputs} outputs, but {len(names)} classes are named.",
            code="weights.class_count", hint="Name one class for each output, in their order.", where="classes",
        )  # fmt: skip
    if len(set(names)) != len(names) or not all(names):
        raise WeightError("Class names must be different and not empty.", code="weights.class_names",
                          hint="Give every class a name of its own.", where="classes")  # fmt: skip
    return names


def _record(
    owner: User,
    folder: Path,
    facts: WeightFacts,
    file_facts: dict[str, Any],
    file_name: str,
    architecture_version: ArchitectureVersion,
    described: Described,
) -> WeightVersion:
    version_id = uuid4()
    name = described.name.strip() or Path(file_name).stem or "Upload"
    stored = library.put(folder, version_id)
    try:
        with transaction.atomic():
            weight = described.weight or Weight.objects.create(
                owner=owner, name=name[:200], task=facts.task, architecture=architecture_version.architecture
            )
            Weight.objects.select_for_update().get(id=weight.id)  # one number for one version
            return WeightVersion.objects.create(
                id=version_id,
                weight=weight,
                number=next_number(weight),
                source=WeightVersion.Source.UPLOAD,
                folder=stored,
                size_bytes=file_facts["size_bytes"],
                sha256=file_facts["sha256"],
                classes=facts.classes,
                preprocessing=facts.preprocessing,
                facts={**file_facts, "parameters": facts.parameters},
                notes=described.notes,
                architecture_version=architecture_version,
                parent=described.parent,
            )
    except BaseException:
        library.remove(version_id, stored)
        raise
