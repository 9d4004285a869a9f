"""The statements of a model: one constructor line per layer, one forward line per step, as a person writes them."""

from __future__ import annotations

from dataclasses import dataclass

from ml_core.graph.expression import Code
from ml_core.graph.inference import Inference, read_node
from ml_core.graph.naming import FORWARD_NAMES
from ml_core.graph.tensor import Tensor

MAX_LINE = 100
MAX_NESTING = 3
INDENT = " " * 8


@dataclass(frozen=True, slots=True)
class Line:
    """A line of code and the nodes it stands for, the innermost call first."""

    text: str
    nodes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Step:
    """A statement of `forward` that may still grow: later pointwise calls nest around it."""

    code: Code
    target: str
    nodes: list[str]
    shape: Tensor


def constructor_lines(inference: Inference) -> list[Line]:
    """``self.conv1 = nn.Conv2d(...)`` for every layer that holds weights or state, in calling order."""
    assert inference.wiring is not None
    lines: list[Line] = []
    for node_id in inference.wiring.order:
        operator = inference.wiring.operators[node_id]
        params, inputs, _ = read_node(inference, node_id)
        module = operator.module(params, inputs)
        if module is None:
            continue
        statements = [f"self.{node_id} = {module}", *operator.adapt(node_id, params, inputs)]
        lines += [Line(text, (node_id,)) for statement in statements for text in wrap(statement)]
    return lines


def forward_lines(inference: Inference) -> tuple[list[str], list[Line]]:
    """Argument names and body of ``forward``.

    A value that only the next step reads is called ``x``; one that is read later is called like its node.
    """
    assert inference.wiring is not None
    wiring = inference.wiring
    steps = [n for n in wiring.order if wiring.operators[n].name not in ("Input", "Output")]
    inputs = [n for n in wiring.order if wiring.operators[n].name == "Input"]
    output = next(n for n in wiring.order if wiring.operators[n].name == "Output")
    names = _variables(inference, inputs, [*steps, output])
    written: list[_Step] = []
    for node_id in steps:
        operator = wiring.operators[node_id]
        params, arrived, shape = read_node(inference, node_id)
        sources = [wiring.incoming[node_id][port].source for port in arrived.by_port]
        args = [Code(names[source]) for source in sources]
        last = written[-1] if written else None
        if last and operator.is_pointwise and last.nodes[-1] == sources[0] and last.target == "x":
            code = operator.call(node_id, [last.code], params, arrived)
            if len(last.nodes) < MAX_NESTING and len(f"{INDENT}{names[node_id]} = {code}") <= MAX_LINE:
                written[-1] = _Step(code, names[node_id], [*last.nodes, node_id], shape)
                continue
        written.append(_Step(operator.call(node_id, args, params, arrived), names[node_id], [node_id], shape))
    returned = names[next(iter(wiring.incoming[output].values())).source]
    arguments = [names[node_id] for node_id in inputs]
    if any(wiring.operators[node_id].takes_targets for node_id in steps):
        arguments.append("targets=None")
    return arguments, _write(written, returned, output)


def _variables(inference: Inference, inputs: list[str], steps: list[str]) -> dict[str, str]:
    """The variable that holds each node's output."""
    assert inference.wiring is not None
    names: dict[str, str] = {}
    taken = set(FORWARD_NAMES)
    for index, node_id in enumerate([*inputs, *steps[:-1]]):
        following = steps[max(0, index - len(inputs) + 1)]
        readers = {edge.target for edge in inference.wiring.outgoing[node_id]}
        is_passing = readers == {following} and (node_id not in inputs or len(inputs) == 1)
        if is_passing:
            names[node_id] = "x"
            continue
        name = node_id
        while name in taken:
            name += "_"
        taken.add(name)
        names[node_id] = name
    return names


def _write(steps: list[_Step], returned: str, output: str) -> list[Line]:
    lines: list[Line] = []
    shape: Tensor | None = None
    for index, step in enumerate(steps):
        is_last = index == len(steps) - 1 and step.target == returned
        comment = "" if is_last or step.shape == shape else f"  # {step.shape}"
        shape = step.shape
        statement = f"return {step.code}" if is_last else f"{step.target} = {step.code}"
        nodes = (*step.nodes, output) if is_last else tuple(step.nodes)
        texts = wrap(statement)
        texts[-1] += comment
        lines += [Line(text, nodes) for text in texts]
        if is_last:
            return lines
    return [*lines, Line(f"return {returned}", (output,))]


def wrap(statement: str, indent: int = len(INDENT)) -> list[str]:
    """Break a long statement: the arguments of its outer call, or the terms of a sum, one per line."""
    if indent + len(statement) <= MAX_LINE:
        return [statement]
    head, opening, rest = statement.partition("(")
    body, closing, tail = rest.rpartition(")")
    if opening and closing and not any(sign in head for sign in (" + ", " * ")):
        parts = _split(body, ", ")
        if len(parts) > 1:
            lines = [line for part in parts for line in wrap(f"{part},", indent + 4)]
            return [f"{head}(", *(f"    {line}" for line in lines), f"){tail}"]
    start, sign, value = statement.partition(" = ") if " = " in statement else statement.partition(" ")
    for operation in (" + ", " * "):
        terms = _split(value, operation)
        if len(terms) > 1:
            return [f"{start}{sign}(", f"    {terms[0]}", *(f"   {operation}{term}" for term in terms[1:]), ")"]
    return [statement]


def _split(text: str, separator: str) -> list[str]:
    """Split outside brackets and string literals."""
    parts, depth, quote, start, index = [], 0, "", 0, 0
    while index < len(text):
        character = text[index]
        if quote:
            index += character == "\\"
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif depth == 0 and text.startswith(separator, index):
            parts.append(text[start:index])
            index += len(separator)
            start = index
            continue
        index += 1
    return [*parts, text[start:]]
