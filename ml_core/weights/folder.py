"""The weight folder: what a completed run leaves, what an upload becomes, and what a predictor loads.

It holds ``weight.json`` (the facts below) and the files that these name: ``model.safetensors`` and ``model.py`` (the
generated code) for a drawn network; whatever tensors and settings a domain needs for its own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ml_core.run.files import write_json_atomic
from ml_core.weights.errors import WeightFileError
from ml_core.weights.header import SafetensorsHeader, read_header

MODEL_FILE: Final = "model.safetensors"
FACTS_FILE: Final = "weight.json"
CODE_FILE: Final = "model.py"
TENSOR_SUFFIX: Final = ".safetensors"

_MAX_FACTS_BYTES: Final = 4 * 1024 * 1024


class Preprocessing(BaseModel):
    """How an image becomes the tensor that the model was trained on."""

    model_config = ConfigDict(extra="allow")  # a task of another domain may need more than pictures do

    mode: Literal["RGB", "L"] = "RGB"
    size: tuple[int, int] | None = Field(default=None, description="Height and width of the input, in pixels.")
    resize: Any = None
    crop: Any = None
    mean: list[float] = Field(default_factory=list, max_length=1024)
    std: list[float] = Field(default_factory=list, max_length=1024)


FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]


class WeightFacts(BaseModel):
    """The content of ``weight.json``. Unknown keys are kept: a domain may say more."""

    model_config = ConfigDict(extra="allow")

    format: Literal[1] = 1
    task: str = Field(min_length=1, max_length=60)
    files: list[FileName] = Field(
        default=[MODEL_FILE, CODE_FILE],
        min_length=1,
        max_length=50,
        description="Files of the folder beside weight.json; the first holds the tensors that stand for all.",
    )
    classes: list[str] = Field(default_factory=list, max_length=100_000)
    graph: dict[str, Any] | None = None
    preprocessing: dict[str, Any] = Field(default_factory=dict)
    metrics: dict[str, Any] = Field(default_factory=dict)
    parameters: int = Field(default=0, ge=0)
    dataset_fingerprint: str | None = None
    run_id: str | None = None
    created: str | None = None

    @field_validator("files")
    @classmethod
    def _begins_with_tensors(cls, files: list[str]) -> list[str]:
        if not files[0].endswith(TENSOR_SUFFIX):
            raise ValueError("The first file must be a .safetensors")
        if FACTS_FILE in files or len({name.lower() for name in files}) < len(files):
            raise ValueError("Each file is named once, and weight.json not at all")
        return files

    @property
    def tensor_files(self) -> list[str]:
        """The files that hold tensors, the main one first."""
        return [name for name in self.files if name.endswith(TENSOR_SUFFIX)]


def read_facts(folder: Path) -> WeightFacts:
    """Read and check ``weight.json``.

    Raises:
        WeightFileError: ``weights.incomplete`` when the file is missing, ``weights.invalid_facts`` when it is wrong;
            ``where`` is the key.
    """
    path = folder / FACTS_FILE
    if not path.is_file():
        raise WeightFileError(
            "The weight folder has no weight.json.", code="weights.incomplete",
            hint="Train again, or upload the weights.", where=FACTS_FILE,
        )  # fmt: skip
    if path.stat().st_size > _MAX_FACTS_BYTES:
        raise _invalid("The weight.json is larger than 4 MB.", "")
    try:
        return WeightFacts.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _invalid(f"The weight.json is not valid: {first['msg'].lower()}.", where) from error
    except (ValueError, RecursionError) as error:
        raise _invalid("The weight.json is not valid JSON.", "") from error


def read_folder(folder: Path) -> tuple[WeightFacts, SafetensorsHeader]:
    """Check a whole weight folder without reading tensor bytes.

    Returns:
        The facts, and the header of the main file of tensors.

    Raises:
        WeightFileError: A file is missing or damaged; ``where`` is its name or the key.
    """
    facts = read_facts(folder)
    for name in facts.files:
        if not (folder / name).is_file():
            raise WeightFileError(
                f"The weight folder has no {name}.", code="weights.incomplete",
                hint="Train again, or upload the weights.", where=name,
            )  # fmt: skip
    headers = [read_header(folder / name) for name in facts.tensor_files]
    return facts, headers[0]


def write_facts(folder: Path, facts: WeightFacts) -> None:
    """Write ``weight.json`` in one step."""
    write_json_atomic(folder / FACTS_FILE, facts.model_dump(mode="json"))


def _invalid(message: str, where: str) -> WeightFileError:
    hint = "Use a weight folder as this platform wrote it."
    return WeightFileError(message, code="weights.invalid_facts", hint=hint, where=where)
