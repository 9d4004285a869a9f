"""validate, analyze, infer-shapes, generate, and what there is to build with."""

from __future__ import annotations

import io
import zipfile

from rest_framework.test import APIClient

from cvstudio.accounts.models import User
from cvstudio.architectures.models import GeneratedCode
from cvstudio.architectures.tests.documents import architecture_of, broken, lenet

URL = "/api/v1/models"


def test_a_faulty_graph_is_an_answer_with_every_fault_and_its_cure(alice_api: APIClient) -> None:
    answer = alice_api.post(f"{URL}/validate", {"document": broken()})
    assert answer.status_code == 200
    body = answer.json()
    assert body["valid"] is False
    faults = {(finding["node"], finding["port"]) for finding in body["findings"]}
    assert ("logits", "in") in faults
    assert all(finding["message"].endswith(".") and finding["hint"] for finding in body["findings"])


def test_even_a_document_of_no_shape_gets_findings(alice_api: APIClient) -> None:
    body = alice_api.post(f"{URL}/validate", {"document": {"nodes": 3}}).json()
    assert body["valid"] is False
    assert body["findings"]


def test_analyze_gives_shapes_and_costs_of_nodes_and_edges(alice_api: APIClient) -> None:
    body = alice_api.post(f"{URL}/analyze", {"document": lenet()}).json()
    assert body["valid"] is True
    assert body["nodes"]["conv1"]["out_shape"] == ["N", 6, 28, 28]
    assert body["nodes"]["conv1"]["params"] == 6 * 25 + 6
    assert body["totals"]["flops"] == 2 * body["totals"]["macs"] > 0
    edge = next(edge for edge in body["edges"] if edge["target"] == "conv1")
    assert edge["shape"] == ["N", 1, 28, 28]


def test_what_if_the_input_is_larger(alice_api: APIClient) -> None:
    body = alice_api.post(f"{URL}/analyze", {"document": lenet(), "input_shape": [1, 56, 56], "batch": 4}).json()
    assert body["nodes"]["conv1"]["out_shape"] == [4, 6, 56, 56]
    assert body["input_shapes"] == {"image": [4, 1, 56, 56]}


def test_a_wild_what_if_is_refused_by_name(alice_api: APIClient) -> None:
    answer = alice_api.post(f"{URL}/analyze", {"document": lenet(), "input_shape": [0, 10**9]})
    assert answer.status_code == 400
    assert answer.json()["where"].startswith("input_shape")


def test_infer_shapes_gives_every_port(alice: User, alice_api: APIClient) -> None:
    body = alice_api.post(f"{URL}/infer-shapes", {"id": str(architecture_of(alice).id)}).json()
    assert body["nodes"]["conv1"] == {"inputs": {"in": ["N", 1, 28, 28]}, "output": ["N", 6, 28, 28]}
    assert body["output_shape"] == ["N", 10]


def test_generated_code_knows_the_nodes_behind_its_lines(alice_api: APIClient) -> None:
    body = alice_api.post(f"{URL}/generate", {"document": lenet()}).json()
    lines = body["files"]["model.py"].splitlines()
    numbers = [int(number) for number, nodes in body["source_map"]["model.py"].items() if "conv1" in nodes]
    assert numbers
    assert all("conv1" in lines[number - 1] for number in numbers)
    assert body["id"] is None
    assert not GeneratedCode.objects.exists()


def test_the_code_of_a_stored_version_is_kept_once(alice: User, alice_api: APIClient) -> None:
    stored = architecture_of(alice)
    first = alice_api.post(f"{URL}/generate", {"id": str(stored.id)}).json()
    second = alice_api.post(f"{URL}/generate", {"id": str(stored.id), "version": 1}).json()
    assert first["id"] == second["id"]
    code = GeneratedCode.objects.get()
    assert (code.sha256, code.files, code.version) == (first["sha256"], first["files"], stored.current_version)


def test_no_code_is_written_for_a_faulty_graph(alice_api: APIClient) -> None:
    answer = alice_api.post(f"{URL}/generate", {"document": broken()})
    assert answer.status_code == 400
    assert answer.json()["code"].startswith("graph.")
    assert answer.json()["hint"]


def test_the_package_comes_as_a_zip_with_a_harmless_name(alice_api: APIClient) -> None:
    answer = alice_api.post(f"{URL}/generate?download=zip", {"document": lenet('../x"\r\n<b>')})
    assert answer.status_code == 200
    assert answer["Content-Disposition"] == 'attachment; filename="x-b.zip"'
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert "x-b/model.py" in names
    assert all(name.startswith("x-b/") and ".." not in name for name in names)


def test_the_catalogue_declares_ports_parameters_and_bounds(alice_api: APIClient) -> None:
    operators = {entry["name"]: entry for entry in alice_api.get(f"{URL}/operators").json()}
    kernel = next(param for param in operators["Conv2d"]["params"] if param["name"] == "kernel_size")
    assert kernel["minimum"] == 1
    assert operators["Add"]["variadic"] is True


def test_templates_are_made_to_measure(alice_api: APIClient) -> None:
    found = alice_api.get(f"{URL}/templates?channels=1&height=28&width=28&classes=3").json()
    assert {"mlp", "lenet", "small_resnet"} <= {entry["name"] for entry in found}
    lenet_document = next(entry["document"] for entry in found if entry["name"] == "lenet")
    assert next(node for node in lenet_document["nodes"] if node["op"] == "Input")["params"]["shape"] == [1, 28, 28]
    assert alice_api.get(f"{URL}/templates?classes=0").status_code == 400
