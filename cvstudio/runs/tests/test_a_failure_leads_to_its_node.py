"""The page of a failed run names the node of the graph behind the failing line and leads to it in the editor."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState
from cvstudio.weights.tests.makers import document, make_architecture
from ml_core.graph.build import write_model
from ml_core.graph.codegen import source_map

pytestmark = pytest.mark.django_db
LINE = max(line for line, nodes in source_map(document()).items() if "fc" in nodes)
CALL = {"file": "model.py", "line": LINE, "text": "self.fc(torch.flatten(x, 1))", "got": [{"shape": [2, 75]}]}
PLACE: dict[str, Any] = {"reason": "mat1 and mat2 shapes <cannot> be multiplied", "calls": [CALL]}


def failed_run(owner: Any, place: Any) -> Run:
    run = Run.objects.create(
        owner=owner, name="broken", recipe="vision.classify", state=RunState.FAILED, config={"graph": document()},
        architecture_version=make_architecture(owner), cause={"message": "It broke."},
    )  # fmt: skip
    folder = run_folder(run.id)
    write_model(document(), folder / "code")
    (folder / "result.json").write_text(json.dumps({"state": "failed", "place": place}))
    return run


def page_of(owner: Any, run: Run) -> str:
    client = Client()
    client.force_login(owner)
    answer = client.get(f"/runs/{run.id}/log")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_node_its_shapes_and_the_way_to_it_are_shown(alice: Any) -> None:
    run = failed_run(alice, PLACE)
    page = page_of(alice, run)
    assert run.architecture_version is not None
    assert f"/architectures/{run.architecture_version.architecture_id}?version=1&amp;node=fc" in page
    assert "It was given (2, 75); the graph says (N, 192)." in page
    assert "shapes &lt;cannot&gt; be multiplied" in page


def test_without_the_graph_in_the_library_the_node_is_named_without_a_link(alice: Any) -> None:
    run = failed_run(alice, PLACE)
    Run.objects.update(architecture_version=None)
    page = page_of(alice, run)
    assert '<strong class="mono">fc</strong> (Linear)' in page and "?version=" not in page


@pytest.mark.parametrize(
    "place",
    [None, [], "x", {"reason": "x"}, {"reason": "x", "calls": []}, {"reason": "x", "calls": [{"line": LINE}]},
     {"reason": "x", "calls": [{**CALL, "file": "../../../etc/passwd"}]},
     {"reason": "x", "calls": [{**CALL, "line": 10**9}]}],
)  # fmt: skip
def test_what_cannot_be_mapped_is_left_out(alice: Any, place: Any) -> None:
    assert "of the graph." not in page_of(alice, failed_run(alice, place))


def test_code_that_the_graph_no_longer_gives_blames_nobody(alice: Any) -> None:
    run = failed_run(alice, PLACE)
    (run_folder(run.id) / "code/model.py").write_text("# written by an older version")
    assert "of the graph." not in page_of(alice, run)
