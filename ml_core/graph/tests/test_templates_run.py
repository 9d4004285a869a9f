from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ml_core.graph import analyze, generate, templates, validate
from ml_core.graph.build import load_model

SIZES = [((3, 64, 64), 10), ((1, 28, 28), 2), ((3, 96, 48), 3)]
CASES = [
    (shape, classes, template)
    for shape, classes in SIZES
    for template in templates(shape, classes)
    if not template["name"].startswith("detector")
]


@pytest.mark.parametrize(
    ("shape", "classes", "template"), CASES, ids=[f"{t['name']}-{'x'.join(map(str, s))}" for s, _, t in CASES]
)
def test_a_template_is_valid_and_learns(
    shape: tuple[int, ...], classes: int, template: dict[str, object], tmp_path: Path
) -> None:
    document = template["document"]
    assert validate(document) == []
    analysis = analyze(document)
    assert analysis.output_shape == ["N", classes]
    assert "train.py" in generate(document)
    model = load_model(document, tmp_path, pretrained=False)
    output = model(torch.randn(2, *shape))
    torch.nn.functional.cross_entropy(output, torch.zeros(2, dtype=torch.int64)).backward()  # type: ignore[no-untyped-call]
    assert output.shape == (2, classes)
    assert all(p.grad is not None for p in model.parameters())
    assert sum(p.numel() for p in model.parameters()) == analysis.totals.params


@pytest.mark.parametrize("name", ["detector_fcos", "detector_ssdlite"])
def test_a_detector_of_the_templates_is_valid_and_learns(name: str, tmp_path: Path) -> None:
    document = next(entry["document"] for entry in templates(classes=3) if entry["name"] == name)
    assert validate(document) == []
    analysis = analyze(document)
    assert analysis.output_shape == ["N", 100, 6]
    model = load_model(document, tmp_path)
    targets = [{"boxes": torch.tensor([[9.0, 9, 70, 60]]), "labels": torch.tensor([2])}] * 2
    losses = model(torch.randn(2, 3, 128, 96), targets)
    torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None for p in model.parameters())
    assert sum(p.numel() for p in model.parameters()) == analysis.totals.params


def test_templates_have_names_titles_and_texts() -> None:
    starters = templates()
    assert [starter["name"] for starter in starters] == [
        "mlp", "lenet", "small_resnet", "finetune_resnet18", "finetune_mobilenet_v3_small",
        "detector_fcos", "detector_ssdlite",
    ]  # fmt: skip
    assert all(starter["title"] and starter["description"].endswith(".") for starter in starters)


def test_the_package_never_imports_torch() -> None:
    code = """
import sys
from ml_core.graph import analyze, canonical, generate, operators, source_map, templates, validate
for template in templates():
    document = template["document"]
    validate(document), analyze(document), generate(document), source_map(document), canonical(document)
operators()
import ml_core.graph.build
assert not {"torch", "torchvision", "numpy"} & set(sys.modules), "torch was imported"
"""
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert finished.returncode == 0, finished.stderr


def test_preparation_by_rule_is_that_of_the_platform() -> None:
    from ml_core.graph.settings import InputSettings, preprocessing_for
    from ml_core.vision.config import InputConfig
    from ml_core.vision.preparation import prepare_for

    for shape, classes in SIZES:
        document = templates(shape, classes)[0]["document"]
        for resize in (None, 100):
            ours = preprocessing_for(analyze(document), InputSettings(resize=resize))
            assert ours.as_dict() == prepare_for(document, InputConfig(resize=resize)).as_dict()
