"""``model.py`` from a graph, with the way back from its lines to the nodes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from ml_core.errors import GraphError
from ml_core.graph.allowlist import check_model_code
from ml_core.graph.document import fingerprint
from ml_core.graph.expression import Code, literal
from ml_core.graph.forward import Line, constructor_lines, forward_lines
from ml_core.graph.inference import Inference, infer
from ml_core.graph.operators.detection import DetectorHead

# What a text that matches needs.
_IMPORTS = {
    "from functools import partial": r"\bpartial\(",
    "import torch": r"\btorch\.",
    "import torch.nn.functional as F": r"\bF\.",
    "from torch import nn": "",
    "from torchvision import models": r"\bmodels\.",
    "from torchvision import ops": r"\bops\.",
    "from torchvision.models import detection": r"\bdetection\.",
    "from torchvision.models.feature_extraction import create_feature_extractor": r"\bcreate_feature_extractor\(",
}

# Marks the nodes of a line while the template is filled; removed before anyone sees the text.
_MARK = re.compile(r"\x00([^\x00]*)\x00")


@dataclass(frozen=True, slots=True)
class Head:
    """A detector head that stands on a network.

    Attributes:
        operator: Which.
        maps: Stride of each map, with the place inside the network where it is taken and its channels.
        classes: How many.
        width: Channels inside the head.
        nms: See the operator's parameter.
    """

    operator: DetectorHead
    maps: Mapping[int, tuple[str, int]]
    classes: int
    width: int
    nms: float

    @property
    def places(self) -> list[tuple[str, str]]:
        """Literals of the place of each map and of the name that it gets."""
        return [(literal(name), literal(f"map{stride}")) for stride, (name, _) in self.maps.items()]

    @property
    def constructor(self) -> Code:
        """Text that makes the head."""
        channels = [channels for _, channels in self.maps.values()]
        return self.operator.constructor(channels, list(self.maps), self.classes, self.width, self.nms)


@dataclass(frozen=True, slots=True)
class ModelCode:
    """The text of ``model.py``.

    Attributes:
        text: Python source with a class ``Model``.
        lines: Nodes of each line (numbered from 1) that a node stands behind, the innermost call first.
        has_weights: Whether ``Model`` takes ``pretrained`` and may download published weights.
    """

    text: str
    lines: dict[int, tuple[str, ...]]
    has_weights: bool


def model_code(document: object) -> ModelCode:
    """Write the model of a graph.

    Raises:
        GraphError: The graph has faults; the first one is told, with the number of the others.
    """
    return _write(infer(document))


def detector_code(document: object, head: Head) -> ModelCode:
    """Write the network of a graph, with a detector head on feature maps inside it, as one model.

    Args:
        document: A graph without a head; what stands behind the last of its maps is never computed.
        head: Which head, and on which maps.

    Raises:
        GraphError: As for `model_code`.
    """
    return _write(infer(document), head)


def _write(inference: Inference, head: Head | None = None) -> ModelCode:
    refuse_faults(inference)
    assert inference.wiring is not None and inference.document is not None
    wiring = inference.wiring
    operators = [wiring.operators[node_id] for node_id in wiring.order]
    names = {h: None for o, n in zip(operators, wiring.order, strict=True) for h in o.helpers_for(wiring.params[n])}
    names |= dict.fromkeys(head.operator.helpers if head else ())
    blocks = [_block(name) for name in names]
    layers = constructor_lines(inference) or [Line("pass")]
    arguments, body = forward_lines(inference)
    has_weights = any("pretrained" in line.text for line in layers)
    standing = render("standing.py.j2", head=head, pretrained=has_weights) if head else ""
    marked = render(
        "model.py.j2",
        title=plain(inference.document.name) or "Model",
        fingerprint=fingerprint(inference.document),
        summary=_summary(inference),
        imports=_imports("\n".join([*blocks, *(line.text for line in [*layers, *body]), standing])),
        blocks=blocks,
        name="Backbone" if head else "Model",
        standing=standing,
        pretrained=has_weights,
        layers=[_mark(line) for line in layers],
        arguments=arguments,
        body=[_mark(line) for line in body],
    )
    text, lines = _unmark(marked)
    check_model_code(text)
    return ModelCode(text, lines, has_weights)


def source_map(document: object) -> dict[int, tuple[str, ...]]:
    """The nodes behind each line of ``model.py``, numbered from 1; the innermost call comes first.

    Raises:
        GraphError: The graph has faults.
    """
    return model_code(document).lines


def refuse_faults(inference: Inference) -> None:
    """Stop before code is written for a faulty graph.

    Raises:
        GraphError: With the first fault, and how many more there are.
    """
    if not inference.errors:
        return
    first = inference.errors[0]
    more = len(inference.errors) - 1
    message = first.message + (f" {more} more fault{'s' if more > 1 else ''} follow." if more else "")
    where = ".".join(part for part in (first.node, first.port) if part)
    raise GraphError(message, code=first.code, hint=first.hint, where=where)


def render(template: str, **values: object) -> str:
    """Fill one of the package's templates."""
    return _environment().from_string(_source(template)).render(values)


def plain(text: str) -> str:
    """A name made safe for a docstring or a heading: letters, digits, spaces and a few signs."""
    kept = "".join(c if c.isalnum() or c in " -_.,()+:" else " " for c in text)
    return " ".join(kept.split())[:80]


@cache
def _environment() -> Environment:
    # Python is not HTML: escaping happens where values become literals (expression.py), checked by the allow-list.
    return Environment(
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _source(name: str) -> str:
    return (files("ml_core.graph") / "templates" / name).read_text(encoding="utf-8")


def _block(name: str) -> str:
    return _source(f"blocks/{name}.py.j2").rstrip("\n")


def _imports(code: str) -> list[str]:
    return [line for line, use in _IMPORTS.items() if re.search(use, code)]


def _summary(inference: Inference) -> str:
    assert inference.wiring is not None
    wiring = inference.wiring
    inputs = [str(inference.outputs[n]) for n in wiring.order if wiring.operators[n].name == "Input"]
    output = next(str(inference.outputs[n]) for n in wiring.order if wiring.operators[n].name == "Output")
    count = sum(wiring.operators[n].parameter_count(wiring.params[n], inference.inputs[n]) for n in wiring.order)
    return f"{' and '.join(inputs)} -> {output}, {count:,} parameters."


def _mark(line: Line) -> str:
    return f"{line.text}\x00{' '.join(line.nodes)}\x00" if line.nodes else line.text


def _unmark(marked: str) -> tuple[str, dict[int, tuple[str, ...]]]:
    lines: dict[int, tuple[str, ...]] = {}
    texts = []
    for number, text in enumerate(marked.split("\n"), start=1):
        match = _MARK.search(text)
        if match:
            lines[number] = tuple(match[1].split())
        texts.append(_MARK.sub("", text))
    return "\n".join(texts), lines
