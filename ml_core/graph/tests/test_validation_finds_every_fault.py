from __future__ import annotations

import pytest

from ml_core.graph import Finding, validate
from ml_core.graph.naming import MODULE_ATTRIBUTES
from ml_core.graph.tests.conftest import Json, chain, edge, graph, node

IMAGE = node("image", "Input", shape=[3, 32, 32])
RESULT = node("result", "Output")


def found(document: Json, code: str) -> list[Finding]:
    findings = [finding for finding in validate(document) if finding.code == code]
    for finding in findings:
        assert finding.message.endswith(".") and finding.hint.endswith((".", "?")), finding
    return findings


def only(document: Json, code: str) -> Finding:
    findings = validate(document)
    assert [finding.code for finding in findings] == [code], findings
    return found(document, code)[0]


def test_a_sound_graph_has_no_findings() -> None:
    assert validate(chain((3, 32, 32), node("conv", "Conv2d"), node("relu", "ReLU"))) == []


def test_a_cycle_is_told_with_its_path() -> None:
    nodes = [IMAGE, node("add", "Add"), node("conv", "Conv2d"), node("relu", "ReLU"), RESULT]
    edges = [edge("image", "add.in0"), edge("relu", "add.in1"), edge("add", "conv"), edge("conv", "relu"),
             edge("relu", "result")]  # fmt: skip
    finding = only(graph(nodes, edges), "graph.cycle")
    assert "add -> conv -> relu -> add" in finding.message


def test_two_separate_cycles_are_both_told_and_what_lies_behind_them_is_not() -> None:
    nodes = [IMAGE, RESULT, *(node(name, "Add") for name in ("a", "b", "c", "d")), node("tail", "ReLU")]
    edges = [edge("a", "b.in0"), edge("b", "a.in0"), edge("image", "a.in1"), edge("image", "b.in1"),
             edge("c", "d.in0"), edge("d", "c.in0"), edge("b", "c.in1"), edge("image", "d.in1"),
             edge("d", "tail"), edge("tail", "result")]  # fmt: skip
    messages = [finding.message for finding in found(graph(nodes, edges), "graph.cycle")]
    assert len(messages) == 2
    assert "a -> b -> a" in messages[0] and "c -> d -> c" in messages[1]


def test_a_node_that_feeds_itself_is_a_cycle() -> None:
    document = graph([IMAGE, node("add", "Add"), RESULT],
                     [edge("image", "add.in0"), edge("add", "add.in1"), edge("add", "result")])  # fmt: skip
    assert "add -> add" in only(document, "graph.cycle").message


def test_a_port_that_is_not_connected_is_named() -> None:
    document = graph([IMAGE, node("add", "Add"), RESULT], [edge("image", "add.in1"), edge("add", "result")])
    finding = only(document, "graph.dangling_port")
    assert (finding.node, finding.port) == ("add", "in0")


def test_a_gap_between_the_ports_of_a_join_is_told() -> None:
    edges = [edge("image", "add.in0"), edge("image", "add.in3"), edge("add", "result")]
    document = graph([IMAGE, node("add", "Add"), RESULT], edges)
    assert [finding.port for finding in found(document, "graph.dangling_port")] == ["in1", "in2"]


def test_a_port_that_is_connected_twice_is_told_with_both_sources() -> None:
    nodes = [IMAGE, node("a", "ReLU"), node("b", "Tanh"), node("c", "GELU"), RESULT]
    edges = [edge("image", "a"), edge("image", "b"), edge("a", "c"), edge("b", "c"), edge("c", "result")]
    finding = found(graph(nodes, edges), "graph.double_connection")[0]
    assert (finding.node, finding.port) == ("c", "in")
    assert "'a'" in finding.message and "'b'" in finding.message


def test_a_wrong_rank_is_told_with_the_shape_that_arrives() -> None:
    finding = only(chain((3, 32, 32), node("flat", "Flatten"), node("conv", "Conv2d")), "graph.rank")
    assert (finding.node, finding.port) == ("conv", "in")
    assert "(N, C, H, W)" in finding.message and "(N, 3072)" in finding.message


def test_a_mismatched_join_is_told_with_both_shapes() -> None:
    nodes = [IMAGE, node("conv", "Conv2d", out_channels=8, stride=2, padding=1), node("add", "Add"), RESULT]
    edges = [edge("image", "conv"), edge("conv", "add.in0"), edge("image", "add.in1"), edge("add", "result")]
    finding = only(graph(nodes, edges), "graph.join")
    assert (finding.node, finding.port) == ("add", "in1")
    assert "(N, 8, 16, 16)" in finding.message and "(N, 3, 32, 32)" in finding.message


def test_a_concat_checks_the_other_axes() -> None:
    nodes = [IMAGE, node("pool", "MaxPool2d"), node("cat", "Concat"), RESULT]
    edges = [edge("image", "pool"), edge("pool", "cat.in0"), edge("image", "cat.in1"), edge("cat", "result")]
    assert only(graph(nodes, edges), "graph.join").node == "cat"


def test_an_unknown_operator_is_told_with_the_nearest_name() -> None:
    finding = only(chain((3, 32, 32), node("conv", "Conv2D")), "graph.unknown_operator")
    assert finding.node == "conv" and '"Conv2d"' in finding.hint


def test_an_unknown_parameter_is_told_with_the_nearest_name() -> None:
    finding = only(chain((3, 32, 32), node("conv", "Conv2d", kernelsize=3)), "graph.unknown_param")
    assert (finding.node, finding.param) == ("conv", "kernelsize") and '"kernel_size"' in finding.hint


@pytest.mark.parametrize(
    ("op", "param", "value", "bound"),
    [
        ("Conv2d", "kernel_size", 0, "from 1 to 1,024"),
        ("Conv2d", "kernel_size", [3], "list of 2"),
        ("Conv2d", "kernel_size", "3", "integer"),
        ("Conv2d", "out_channels", True, "integer"),
        ("Conv2d", "out_channels", 2.5, "integer"),
        ("Conv2d", "padding_mode", "mirror", "one of zeros, reflect"),
        ("Conv2d", "bias", 1, "true or false"),
        ("Dropout", "p", 1.0, "below 1"),
        ("Dropout", "p", None, "null"),
        ("Reshape", "shape", None, "list"),
        ("Permute", "dims", [0, 1], "begins with 0"),
        ("MaxPool2d", "padding", 2, "half of kernel_size"),
        ("ResNet", "weights", "IMAGENET1K_V2", "resnet18 has no weights"),
        ("ConvTranspose2d", "output_padding", 3, "smaller than stride"),
    ],
)  # fmt: skip
def test_a_bad_parameter_is_told_with_its_bound(op: str, param: str, value: object, bound: str) -> None:
    params = {param: value}
    if op == "Permute":
        params = {"dims": [1, 0, 2, 3]}
    finding = found(chain((3, 32, 32), node("layer", op, **params)), "graph.bad_param")[0]
    assert (finding.node, finding.param) == ("layer", param)
    assert bound in finding.message


def test_a_required_parameter_that_is_missing_is_told() -> None:
    assert "missing" in found(chain((3, 8, 8), node("r", "Reshape")), "graph.bad_param")[0].message


def test_a_node_without_any_edge_is_unreachable() -> None:
    document = chain((3, 32, 32), node("relu", "ReLU"))
    document["nodes"].append(node("lonely", "Conv2d"))
    assert only(document, "graph.unreachable").node == "lonely"


def test_a_branch_that_no_input_reaches_is_told_at_its_first_port_and_along_its_way() -> None:
    nodes = [IMAGE, node("a", "ReLU"), node("b", "Tanh"), node("cat", "Concat"), RESULT]
    edges = [edge("image", "cat.in0"), edge("a", "b"), edge("b", "cat.in1"), edge("cat", "result")]
    codes = {finding.node: finding.code for finding in validate(graph(nodes, edges))}
    assert codes == {"a": "graph.dangling_port", "b": "graph.unreachable"}


def test_a_node_that_reaches_no_output_is_told() -> None:
    document = chain((3, 32, 32), node("relu", "ReLU"))
    document["nodes"].append(node("aside", "Tanh"))
    document["edges"].append(edge("relu", "aside"))
    assert only(document, "graph.dead_end").node == "aside"


def test_missing_and_superfluous_ends_are_told() -> None:
    assert found(graph([RESULT], []), "graph.no_input")
    assert found(graph([IMAGE], []), "graph.no_output")
    document = chain((3, 32, 32), node("relu", "ReLU"))
    document["nodes"].append(node("second", "Output"))
    document["edges"].append(edge("relu", "second"))
    assert only(document, "graph.many_outputs").node == "second"


def test_unknown_ports_and_nodes_of_edges_are_told() -> None:
    document = chain((3, 32, 32), node("relu", "ReLU"))
    document["edges"] += [
        edge("image", "relu.input"),
        edge("imag", "relu"),
        {**edge("relu", "result"), "source_port": "y"},
    ]
    codes = [finding.code for finding in validate(document)]
    assert codes == ["graph.unknown_port", "graph.unknown_node", "graph.unknown_port"]
    missing = found(document, "graph.unknown_node")[0]
    assert missing.node == "relu" and '"image"' in missing.hint


def test_a_softmax_before_the_loss_is_a_warning() -> None:
    document = chain((8,), node("fc", "Linear"), node("soft", "Softmax"))
    finding = only(document, "graph.softmax_output")
    assert (finding.node, finding.severity) == ("soft", "warning")


@pytest.mark.parametrize("bad", ["a b", "1a", "_a", "", "é", "a-b", "x" * 65, "a\nb", "<script>"])
def test_an_id_that_is_no_identifier_is_told(bad: str) -> None:
    codes = {finding.code for finding in validate(chain((3, 32, 32), node(bad, "ReLU")))}
    assert codes & {"graph.bad_id", "graph.structure"}


@pytest.mark.parametrize("bad", ["class", "None", "lambda", "forward", "train", "parameters", "to"])
def test_keywords_and_names_of_module_are_reserved(bad: str) -> None:
    assert only(chain((3, 32, 32), node(bad, "ReLU")), "graph.reserved_id").node == bad


def test_the_reserved_names_are_those_of_the_installed_torch() -> None:
    import torch

    public = {name for name in dir(torch.nn.Module()) if not name.startswith("_")}
    assert public <= MODULE_ATTRIBUTES, public - MODULE_ATTRIBUTES


def test_two_nodes_of_one_name_are_told() -> None:
    document = chain((3, 32, 32), node("relu", "ReLU"))
    document["nodes"].append(node("relu", "Tanh"))
    assert only(document, "graph.duplicate_id").node == "relu"


def test_all_faults_of_a_graph_are_told_at_once() -> None:
    nodes = [
        IMAGE,
        node("conv", "Conv2d", kernel_size=0, strid=2),
        node("flat", "Flatten"),
        node("norm", "BatchNorm2d"),
        node("what", "Convolve"),
        node("lonely", "ReLU"),
        node("train", "ReLU"),
        node("heads", "MultiheadAttention", num_heads=5),
        node("split", "Reshape", shape=[-1, 7]),
    ]
    edges = [edge("image", "conv"), edge("image", "flat"), edge("flat", "norm"), edge("norm", "what"),
             edge("image", "train"), edge("image", "split"), edge("split", "heads.query"),
             edge("gone", "heads.key")]  # fmt: skip
    codes = sorted({finding.code for finding in validate(graph(nodes, edges))})
    assert codes == sorted({
        "graph.bad_param", "graph.unknown_param", "graph.rank", "graph.unknown_operator", "graph.unreachable",
        "graph.reserved_id", "graph.unknown_node", "graph.no_output", "graph.shape",
    })  # fmt: skip


def test_what_lies_behind_a_fault_is_not_blamed() -> None:
    document = chain((3, 32, 32), node("flat", "Flatten"), node("conv", "Conv2d"), node("bn", "BatchNorm2d"))
    assert [finding.node for finding in validate(document)] == ["conv"]


def test_probable_mistakes_are_warnings_and_do_not_stop_generation() -> None:
    from ml_core.graph import generate

    document = chain((3, 8, 8), node("fc", "Linear"))
    finding = only(document, "graph.linear_on_map")
    assert finding.severity == "warning"
    assert "model.py" in generate(document)


@pytest.mark.parametrize(
    ("op", "params", "shape", "code"),
    [
        ("Conv2d", {"kernel_size": 5}, (3, 4, 4), "graph.too_small"),
        ("Conv2d", {"groups": 2, "out_channels": 4}, (3, 8, 8), "graph.groups"),
        ("GroupNorm", {"groups": 2}, (3, 8, 8), "graph.groups"),
        ("Softmax", {"dim": 0}, (3, 8), "graph.axis"),
        ("Flatten", {"start_dim": 3}, (3, 8), "graph.axis"),
        ("MultiheadAttention", {"num_heads": 3}, (5, 8), "graph.heads"),
        ("ResNet", {}, (1, 64, 64), "graph.channels"),
        ("ViT", {}, (3, 100, 100), "graph.image_size"),
        ("ViT", {"weights": "DEFAULT"}, (3, 384, 384), "graph.image_size"),
        ("ConvNeXt", {}, (3, 16, 16), "graph.too_small"),
        ("Upsample", {"scale": 64}, (60_000, 60_000, 60_000), "graph.too_large"),
        ("Embedding", {}, (8,), "graph.dtype"),
    ],
)
def test_shapes_that_do_not_fit_are_told(op: str, params: Json, shape: tuple[int, ...], code: str) -> None:
    document = chain(shape, node("layer", op, **params))
    if op == "MultiheadAttention":
        document["edges"][0]["target_port"] = "query"
    assert code in [finding.code for finding in validate(document)]
