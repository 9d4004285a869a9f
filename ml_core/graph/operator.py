"""What one operator declares. Validation, shapes, cost and code all read this one declaration, so they cannot drift."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ml_core.graph.expression import Code, call
from ml_core.graph.params import Param, ParamFault, Params
from ml_core.graph.tensor import Dtype, ShapeFault, Tensor

MAX_JOIN = 64
_TYPE_CURES: dict[Dtype, str] = {
    "int64": "Put an Embedding before it.",
    "float32": "Use an int64 Input for token ids.",
    "boxes": "Connect the boxes to the Output: nothing can follow a detector head.",
}
_JOIN_PORT = re.compile(r"in(0|[1-9][0-9]?)")


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of an operator."""

    name: str
    help: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """How far one output position sees: kernel reach and step per spatial axis (for the receptive field)."""

    reach: tuple[int, ...]
    step: tuple[int, ...]


def pixelwise(x: Tensor) -> Window:
    """The window of an operator that treats every position by itself."""
    axes = len(x.spatial)
    return Window((1,) * axes, (1,) * axes)


class Inputs:
    """The tensors that arrive at a node, by port, in the order of the ports."""

    __slots__ = ("by_port",)

    def __init__(self, by_port: dict[str, Tensor]) -> None:
        self.by_port = by_port

    @property
    def x(self) -> Tensor:
        """The first (mostly the only) input."""
        return next(iter(self.by_port.values()))

    @property
    def all(self) -> list[Tensor]:
        """Every input in port order."""
        return list(self.by_port.values())

    def get(self, port: str) -> Tensor | None:
        """The input at an optional port, or None when nothing is connected."""
        return self.by_port.get(port)


class Operator:
    """Base of all operators; a subclass is one declaration.

    Shapes are per sample (the batch axis is left out), so every rule is linear in the batch by construction.

    Attributes:
        name: What documents call it; the class name unless set.
        ranks: Accepted ranks of every input, the batch axis included; empty accepts any.
        layout: Words for the expected layout, used in messages, such as ``(N, C, H, W)``.
        dtypes: Accepted element types.
        variadic: Takes ``in0, in1, ...`` instead of ``inputs``.
        is_view: The output shares the memory of the input.
        is_pointwise: Keeps the shape and reads one input, so that code may nest it around the previous call.
        helpers: Names of the helper classes (templates/blocks) its code needs.
        takes_targets: In training it is called with what is true, and gives losses.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    category: ClassVar[str] = ""
    description: ClassVar[str] = ""
    inputs: ClassVar[tuple[Port, ...]] = (Port("in"),)
    outputs: ClassVar[tuple[Port, ...]] = (Port("out"),)
    params: ClassVar[tuple[Param, ...]] = ()
    ranks: ClassVar[tuple[int, ...]] = ()
    layout: ClassVar[str] = ""
    dtypes: ClassVar[tuple[Dtype, ...]] = ("float32",)
    variadic: ClassVar[bool] = False
    is_view: ClassVar[bool] = False
    is_pointwise: ClassVar[bool] = False
    helpers: ClassVar[tuple[str, ...]] = ()
    takes_targets: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        if "name" not in cls.__dict__:
            cls.name = cls.__name__

    # --- rules: a subclass overrides what applies -----------------------------------------------------------------

    def check(self, p: Params) -> Iterator[tuple[str, str, str]]:
        """Faults between parameters that need no shapes: (parameter, message, cure)."""
        return iter(())

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        """The output for the given inputs (ranks and types are checked before).

        Raises:
            ShapeFault: The inputs do not fit; with the shapes and a cure.
        """
        return inputs.x

    def warn(self, p: Params, inputs: Inputs) -> Iterator[tuple[str, str, str]]:
        """What is legal but probably not meant: (code, message, cure)."""
        return iter(())

    def parameter_count(self, p: Params, inputs: Inputs) -> int:
        """Number of elements of all ``torch.nn.Parameter`` of the module."""
        return 0

    def trainable_count(self, p: Params, inputs: Inputs) -> int:
        """The part of `parameter_count` that training changes."""
        return self.parameter_count(p, inputs)

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int | None:
        """Multiply-adds of one sample by the conventions of torch's FlopCounterMode; None when it has no rule."""
        return None

    def saved_bytes(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        """Bytes of one sample that training keeps for the backward pass."""
        return 0 if self.is_view else output.bytes

    def working_bytes(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        """Bytes of one sample that the forward pass alone allocates at most, the output included."""
        return 0 if self.is_view else output.bytes

    def window(self, p: Params, inputs: Inputs) -> Window | None:
        """Reach and step along the spatial axes; None when the output sees everything or has no spatial axes."""
        return None

    # --- code -----------------------------------------------------------------------------------------------------

    def module(self, p: Params, inputs: Inputs) -> Code | None:
        """Constructor expression of the layer; None when the operator holds no state."""
        return None

    def adapt(self, node: str, p: Params, inputs: Inputs) -> Sequence[str]:
        """Statements behind the constructor that change the layer, such as a new head for a backbone."""
        return ()

    def call(self, node: str, args: Sequence[Code], p: Params, inputs: Inputs) -> Code:
        """Expression of the forward pass; ``node`` is the attribute name of the layer."""
        return call(f"self.{node}", *args)

    def helpers_for(self, p: Params) -> tuple[str, ...]:
        """Helper classes that the code of one node needs."""
        return self.helpers

    # --- what the engine of the graph asks ------------------------------------------------------------------------

    def param(self, name: str) -> Param:
        """The declaration of one parameter."""
        return next(param for param in self.params if param.name == name)

    def read_params(self, raw: dict[str, Any]) -> tuple[Params | None, list[tuple[str, str]]]:
        """Known parameters with defaults filled in, and the faults as (parameter, message)."""
        values: dict[str, Any] = {}
        faults: list[tuple[str, str]] = []
        for param in self.params:
            if param.name not in raw and param.required:
                faults.append((param.name, f"is missing; it must be {param.expected()}"))
                continue
            try:
                values[param.name] = param.read(raw.get(param.name, param.default))
            except ParamFault as fault:
                faults.append((param.name, str(fault)))
        return (None if faults else Params(values)), faults

    def input_ports(self, connected: Sequence[str]) -> list[str]:
        """Names of the input ports, given the names that edges use (a join has as many as it is given)."""
        if not self.variadic:
            return [port.name for port in self.inputs]
        used = [int(name[2:]) for name in connected if self.is_input_port(name)]
        return [f"in{index}" for index in range(max(1, *used) + 1 if used else 2)]

    def is_input_port(self, name: str) -> bool:
        """Whether an edge may end at this port."""
        if self.variadic:
            match = _JOIN_PORT.fullmatch(name)
            return match is not None and int(match[1]) < MAX_JOIN
        return any(port.name == name for port in self.inputs)

    def is_optional(self, name: str) -> bool:
        """Whether the port may stay unconnected."""
        return any(port.name == name and port.optional for port in self.inputs)

    def infer(self, p: Params, inputs: Inputs) -> Tensor:
        """`shape` behind the checks of rank and type that every operator shares.

        Raises:
            ShapeFault: The inputs do not fit.
        """
        for port, tensor in inputs.by_port.items():
            if tensor.dtype not in self.dtypes:
                raise ShapeFault(
                    f"{self.name} needs {' or '.join(self.dtypes)} values, but gets {tensor.dtype} {tensor}.",
                    _TYPE_CURES[tensor.dtype],
                    port=port,
                    code="graph.dtype",
                )
            if self.ranks and tensor.rank not in self.ranks:
                ranks = " or ".join(str(rank) for rank in self.ranks)
                raise ShapeFault(
                    f"{self.name} needs an input of rank {ranks} {self.layout}, but gets {tensor}.",
                    self._rank_cure(tensor),
                    port=port,
                    code="graph.rank",
                )
        return self.shape(p, inputs)

    def _rank_cure(self, tensor: Tensor) -> str:
        if tensor.rank > max(self.ranks):
            return "Insert Flatten, Mean or a global pooling before it."
        return "Insert Reshape before it, or connect a node that still has the spatial axes."

    def catalogue_entry(self) -> dict[str, Any]:
        """The operator for the editor's palette and for API clients."""
        return {
            "name": self.name,
            "title": self.title,
            "category": self.category,
            "description": self.description,
            "variadic": self.variadic,
            "ranks": list(self.ranks),
            "inputs": [
                {"name": port.name, "help": port.help, "optional": port.optional}
                for port in (() if self.variadic else self.inputs)
            ],
            "outputs": [{"name": port.name, "help": port.help} for port in self.outputs],
            "params": [param.as_dict() for param in self.params],
        }
