from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from ml_core.errors import CodedError, ConfigError, GraphError
from ml_core.graph import generate, source_map, templates, validate
from ml_core.graph.allowlist import check_model_code, check_script
from ml_core.graph.build import load_model
from ml_core.graph.tests.conftest import Json, chain, edge, graph, node

CLASSIFIER = templates((3, 32, 32), 4)[2]["document"]
ALL_OPTIONS = {
    "classes": ["ant", "bee", "=wasp", "</script>"],
    "augment": [{"op": "RandomResizedCrop"}, {"op": "RandomHorizontalFlip"}],
    "label_smoothing": 0.1,
    "fit": {"ema_decay": 0.99, "clip_norm": 1.0, "patience": 3, "accumulate": 2, "warmup_steps": 5,
            "schedule": "plateau", "precision": "fp16", "optimizer": "sgd", "max_steps": 50},
}  # fmt: skip

RESIDUAL = graph(
    [
        node("image", "Input", shape=[3, 16, 16]),
        node("conv1", "Conv2d", out_channels=8, kernel_size=3, padding=1, bias=False),
        node("bn1", "BatchNorm2d"),
        node("relu1", "ReLU"),
        node("conv2", "Conv2d", out_channels=8, kernel_size=3, padding=1),
        node("add", "Add"),
        node("pool", "AdaptiveAvgPool2d", output_size=1),
        node("flatten", "Flatten"),
        node("drop", "Dropout", p=0.1),
        node("fc", "Linear", out_features=5),
        node("logits", "Output"),
    ],
    [
        edge("image", "conv1"),
        edge("conv1", "bn1"),
        edge("bn1", "relu1"),
        edge("relu1", "conv2"),
        edge("conv2", "add.in0"),
        edge("relu1", "add.in1"),
        edge("add", "pool"),
        edge("pool", "flatten"),
        edge("flatten", "drop"),
        edge("drop", "fc"),
        edge("fc", "logits"),
    ],
    name="Residual",
)


def test_a_small_residual_network_reads_as_a_person_would_write_it() -> None:
    text = generate(RESIDUAL)["model.py"]
    assert (
        text.partition("class Model")[2]
        == '''(nn.Module):
    """(N, 3, 16, 16) -> (N, 5), 861 parameters."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, kernel_size=3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 8, kernel_size=3, padding=1)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 5)

    def forward(self, x):
        relu1 = F.relu(self.bn1(self.conv1(x)))  # (N, 8, 16, 16)
        x = self.conv2(relu1)
        x = x + relu1
        x = F.adaptive_avg_pool2d(x, 1)  # (N, 8, 1, 1)
        x = self.drop(x.flatten(1))  # (N, 8)
        return self.fc(x)
'''
    )


def test_lines_lead_back_to_nodes() -> None:
    lines = generate(RESIDUAL)["model.py"].splitlines()
    found = source_map(RESIDUAL)
    by_text = {lines[number - 1].strip(): nodes for number, nodes in found.items()}
    assert by_text["self.bn1 = nn.BatchNorm2d(8)"] == ("bn1",)
    assert by_text["relu1 = F.relu(self.bn1(self.conv1(x)))  # (N, 8, 16, 16)"] == ("conv1", "bn1", "relu1")
    assert by_text["return self.fc(x)"] == ("fc", "logits")
    assert {name for nodes in found.values() for name in nodes} == {n["id"] for n in RESIDUAL["nodes"]} - {"image"}


def test_a_traceback_of_the_model_names_the_line_of_the_node(tmp_path: Path) -> None:
    model = load_model(RESIDUAL, tmp_path)
    with pytest.raises(RuntimeError) as caught:
        model(torch.zeros(1, 4, 16, 16))
    lines = [entry.lineno + 1 for entry in caught.traceback if Path(str(entry.path)).name == "model.py"]
    assert source_map(RESIDUAL)[lines[-1]][0] == "conv1"


@pytest.mark.parametrize("template", templates((3, 32, 32), 4), ids=lambda template: template["name"])
def test_keys_of_the_state_dict_begin_with_node_names(template: Json, tmp_path: Path) -> None:
    document = template["document"]
    ids = {item["id"] for item in document["nodes"]}
    keys = load_model(document, tmp_path, pretrained=False).state_dict()
    assert {key.partition(".")[0] for key in keys} <= ids


# --- random graphs against a slow reference that runs node by node --------------------------------------------------

NAMES = [
    "x",
    "x_",
    "F",
    "F_",
    "torch",
    "nn",
    "self",
    "models",
    "Model",
    "super",
    "input",
    "print",
    "open",
    "y",
    "match",
]
UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "ReLU": F.relu, "Tanh": torch.tanh, "GELU": F.gelu, "Sigmoid": torch.sigmoid, "SiLU": F.silu,
}  # fmt: skip


def random_graph(seed: int) -> Json:
    r = random.Random(seed)
    size = r.randint(1, 14)
    names = r.sample([*NAMES, *(f"node{i}" for i in range(20))], size + 2)
    nodes, edges = [node(names[0], "Input", shape=[4, 5, 5])], []
    for name in names[1:-1]:
        op = r.choice([*UNARY, "Conv2d", "BatchNorm2d", "Add", "Multiply"])
        # Values of long ago are read as well, so that variables have to live on.
        sources = [r.choice(nodes[-3:] if r.random() < 0.7 else nodes)["id"] for _ in range(r.randint(2, 3))]
        params = {"out_channels": 4, "padding": 1} if op == "Conv2d" else {}
        nodes.append(node(name, op, **params))
        if op in ("Add", "Multiply"):
            edges += [edge(source, f"{name}.in{i}") for i, source in enumerate(sources)]
        else:
            edges.append(edge(sources[0], name))
    ends = [n["id"] for n in nodes if not any(e["source"] == n["id"] for e in edges)]
    if len(ends) > 1:
        nodes.append(node("joined", "Add"))
        edges += [edge(end, f"joined.in{i}") for i, end in enumerate(ends)]
        ends = ["joined"]
    nodes.append(node(names[-1], "Output"))
    return graph(r.sample(nodes, len(nodes)), [*edges, edge(ends[0], names[-1])])


def run_node_by_node(document: Json, model: nn.Module, x: Tensor) -> Tensor:
    ops = {item["id"]: item["op"] for item in document["nodes"]}

    def value(name: str) -> Tensor:
        arriving = sorted((e for e in document["edges"] if e["target"] == name), key=lambda e: e["target_port"])
        args = [value(e["source"]) for e in arriving]
        if ops[name] == "Input":
            return x
        if ops[name] in UNARY:
            return UNARY[ops[name]](args[0])
        if ops[name] == "Add":
            return sum(args[1:], args[0])
        if ops[name] == "Multiply":
            product = args[0]
            for other in args[1:]:
                product = product * other
            return product
        result: Tensor = args[0] if ops[name] == "Output" else model.get_submodule(name)(args[0])
        return result

    return value(next(name for name, op in ops.items() if op == "Output"))


@pytest.mark.parametrize("seed", range(60))
def test_a_random_graph_computes_what_running_it_node_by_node_gives(seed: int, tmp_path: Path) -> None:
    document = random_graph(seed)
    assert [f for f in validate(document) if f.severity == "error"] == []
    model = load_model(document, tmp_path).eval()
    x = torch.randn(2, 4, 5, 5, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        assert torch.equal(model(x), run_node_by_node(document, model, x))


def test_several_inputs_become_arguments_in_the_order_of_their_names(tmp_path: Path) -> None:
    nodes = [node("b", "Input", shape=[3]), node("a", "Input", shape=[3]), node("m", "Multiply"), node("out", "Output")]
    document = graph(nodes, [edge("a", "m.in0"), edge("b", "m.in1"), edge("m", "out")])
    assert "def forward(self, a, b):" in generate(document)["model.py"]
    assert "train.py" not in generate(document)
    model = load_model(document, tmp_path)
    assert model(torch.full((1, 3), 2.0), torch.full((1, 3), 5.0)).tolist() == [[10.0] * 3]


def test_long_lines_are_broken() -> None:
    many = [node("image", "Input", shape=[8]), node("add", "Add"), node("out", "Output")]
    links = [edge("add", "out")]
    for i in range(20):
        many.append(node(f"a_rather_long_name_{i}", "Tanh"))
        links += [edge("image", f"a_rather_long_name_{i}"), edge(f"a_rather_long_name_{i}", f"add.in{i}")]
    encoder = chain((16, 64), node("an_encoder_with_a_long_name", "TransformerEncoder", num_layers=12, dropout=0.25))
    for document in (graph(many, links), encoder):
        text = generate(document)["model.py"]
        assert max(len(line) for line in text.splitlines()) <= 110
        ast.parse(text)


# --- style and independence -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings_", [None, ALL_OPTIONS, {"augment": [{"op": "ColorJitter"}], "fit": {"schedule": "step"}}]
)
def test_a_package_imports_only_what_its_requirements_name(settings_: Json | None) -> None:
    files = generate(CLASSIFIER, settings_)
    assert set(files) == {"model.py", "train.py", "predict.py", "requirements.txt", "README.md", "config.json"}
    own = {"model", "train"}
    standard = {"argparse", "csv", "hashlib", "json", "math", "random", "pathlib"}
    needed = {line.partition("==")[0].lower() for line in files["requirements.txt"].split()}
    for name in ("model.py", "train.py", "predict.py"):
        imported = set()
        for item in ast.walk(ast.parse(files[name])):
            if isinstance(item, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in item.names}
            elif isinstance(item, ast.ImportFrom):
                imported.add((item.module or "").partition(".")[0])
        packages = {"pil": "pillow"}
        assert {packages.get(m.lower(), m.lower()) for m in imported - own - standard} <= needed
        assert "cvstudio" not in files[name] and "ml_core" not in files[name]


@pytest.mark.parametrize("settings_", [{}, ALL_OPTIONS])
def test_generated_code_has_no_unused_names_and_no_long_lines(settings_: Json, tmp_path: Path) -> None:
    import subprocess
    import sys

    for template in templates((3, 32, 32), 4):
        folder = tmp_path / template["name"]
        folder.mkdir()
        for name, text in generate(template["document"], settings_).items():
            (folder / name).write_text(text)
    rules = ["--isolated", "--line-length", "120", "--select", "E,F,W,SIM,RET,PIE,C4"]
    checked = subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", *rules, str(tmp_path)],
                             capture_output=True, text=True)  # fmt: skip
    assert checked.returncode == 0, checked.stdout


def test_a_graph_that_is_no_image_classifier_gives_a_model_without_scripts() -> None:
    files = generate(chain((1, 128), node("conv", "Conv1d"), node("flat", "Flatten"), node("fc", "Linear")))
    assert set(files) == {"model.py", "README.md", "requirements.txt", "config.json"}
    assert "torch.randn(1, 1, 128)" in files["README.md"]


# --- hostile input ---------------------------------------------------------------------------------------------------

HOSTILE = [
    '"""', "'''", "\\", "\n", "\r\n", "#", "x = 1", "__import__('os').system('id')", '";import os;"', "{{ 7 * 7 }}",
    "{% for x in y %}", "\x00conv\x00", "</script><script>", "=1+1", "\u202e", "a" * 200, "a\\'b", "名前", "%s", "{}",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_names_are_data_and_cannot_become_code(text: str) -> None:
    document = {**CLASSIFIER, "name": text[:200]}
    facts = {"note": text, "more": [text]}
    files = generate(document, {"classes": [text, "b", "c", "d"], "facts": facts})
    plain = generate({**CLASSIFIER, "name": ""}, {"classes": ["a", "b", "c", "d"]})
    for name in ("model.py", "train.py", "predict.py"):
        ours, theirs = ast.parse(plain[name]), ast.parse(files[name])
        for tree in (ours, theirs):
            tree.body.pop(0)  # the docstring, which may hold the name
        assert ast.dump(ours) == ast.dump(theirs)


@settings(max_examples=80, deadline=None)
@given(text=st.text(max_size=30), where=st.sampled_from(["id", "op", "param", "value", "port"]))
def test_hostile_text_anywhere_in_a_graph_is_refused_or_harmless(text: str, where: str) -> None:
    item = node("conv", "Conv2d", padding_mode="zeros")
    if where == "id":
        item["id"] = text
    elif where == "op":
        item["op"] = text
    elif where == "param":
        item["params"][text] = 1
    elif where == "value":
        item["params"]["padding_mode"] = text
    document = chain((3, 8, 8), item)
    if where == "port":
        document["edges"][0]["target_port"] = text
    try:
        code = generate(document)["model.py"]
    except GraphError:
        return
    assert where == "id" and re.fullmatch(r"[A-Za-z]\w*", text, re.ASCII)
    check_model_code(code)


@pytest.mark.parametrize(
    "settings_",
    [
        {"seed": -1},
        {"seed": "1; import os"},
        {"unknown": 1},
        {"classes": []},
        {"classes": ["\ud800", "b", "c", "d"]},
        {"augment": [{"op": "Exec"}]},
        {"augment": [{"op": "RandomRotation", "degrees": "__import__('os')"}]},
        {"fit": {"optimizer": "os.system"}},
        {"input": {"resize": 4}},
        {"input": {"mean": [1.0], "std": [1.0]}},
        {"label_smoothing": float("nan")},
    ],
)
def test_settings_out_of_bounds_are_refused_with_the_key(settings_: Json) -> None:
    with pytest.raises(ConfigError) as caught:
        generate(CLASSIFIER, settings_)
    assert caught.value.where.partition(".")[0].partition("[")[0] == next(iter(settings_))


def test_classes_have_to_fit_the_output() -> None:
    with pytest.raises(GraphError, match="4 values but there are 2 classes"):
        generate(CLASSIFIER, {"classes": ["a", "b"]})


MODEL = """
from torch import nn
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        {init}
    def forward(self, x):
        {forward}
"""
EVIL: dict[str, str] = {
    "an import of os": "import os\n" + MODEL.format(init="pass", forward="return x"),
    "a relative import": "from . import x\n" + MODEL.format(init="pass", forward="return x"),
    "a statement at the top": MODEL.format(init="pass", forward="return x") + "\nprint(1)",
    "a loader of torch": MODEL.format(init="self.x = torch.load('x')", forward="return x"),
    "a loader of the hub": MODEL.format(init="self.x = torch.hub.load('x', 'y')", forward="return x"),
    "a library": MODEL.format(init="torch.ops.load_library('x')", forward="return x"),
    "open": MODEL.format(init="self.x = open('/etc/passwd')", forward="return x"),
    "eval": MODEL.format(init="eval('1')", forward="return x"),
    "a dunder": MODEL.format(init="self.x = ().__class__.__mro__", forward="return x"),
    "a private name": MODEL.format(init="nn._x()", forward="return x"),
    "a lambda": MODEL.format(init="self.x = lambda: 1", forward="return x"),
    "a set": MODEL.format(init="self.x = {i for i in range(9)}", forward="return x"),
    "a module kept for later": MODEL.format(init="self.x = torch", forward="return self.x.load('x')"),
    "a function kept for later": MODEL.format(init="self.x = torch.hub.load", forward="return self.x('x', 'y')"),
    "a module inside a module": MODEL.format(init="self.x = ops.misc.torch", forward="return x"),
    "a method kept for later": MODEL.format(init="self.x = nn.Identity().forward", forward="return x"),
    "a layer that nobody made": MODEL.format(init="pass", forward="return self.load_state_dict(x)"),
    "an f-string": MODEL.format(init="self.x = f'{1}'", forward="return x"),
    "a method that writes": MODEL.format(init="pass", forward="return x.numpy().tofile('x')"),
    "a function of models that downloads": MODEL.format(init="models.get_model('x')", forward="return x"),
    "a decorator": "from torch import nn\n@nn.Identity\nclass Model(nn.Module):\n    pass\n",
    "another base": "from torch import nn\nclass Model(list):\n    pass\n",
    "another method": MODEL.format(init="pass", forward="return x") + "    def __del__(self):\n        pass\n",
    "a while loop": MODEL.format(init="pass", forward="while True: pass"),
    "nothing that parses": "class",
    "a null byte": "\x00",
    "deep nesting": "x = " + "(" * 2_000 + ")" * 2_000,
}  # fmt: skip


@pytest.mark.parametrize("name", EVIL)
def test_code_that_does_more_than_a_model_is_never_imported(name: str, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(EVIL[name])
    with pytest.raises(GraphError) as caught:
        load_model(tmp_path)
    assert caught.value.code == "graph.unsafe_code"


def test_scripts_with_foreign_imports_are_refused() -> None:
    for text in ("import os", "from subprocess import run", "import ml_core", "eval('1')", "x.__class__"):
        with pytest.raises(CodedError):
            check_script(text)


def test_a_missing_model_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=r"no model.py"):
        load_model(tmp_path)


def test_weights_that_cannot_be_downloaded_are_a_typed_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from urllib.error import URLError

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise URLError("no network")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)
    document = chain((3, 32, 32), node("net", "ResNet", weights="DEFAULT"))
    with pytest.raises(GraphError) as caught:
        load_model(document, tmp_path)
    assert caught.value.code == "graph.weights_unavailable"
    assert load_model(document, tmp_path, pretrained=False)


def test_a_model_is_imported_anew_each_time_and_leaves_no_bytecode(tmp_path: Path) -> None:
    folder = tmp_path / "code"
    first = load_model(chain((3, 8, 8), node("conv", "Conv2d", out_channels=4)), folder)
    second = load_model(chain((3, 8, 8), node("conv", "Conv2d", out_channels=5)), folder)
    assert type(first) is not type(second)
    assert second(torch.zeros(1, 3, 8, 8)).shape == (1, 5, 6, 6)
    assert [path.name for path in folder.iterdir()] == ["model.py"]
