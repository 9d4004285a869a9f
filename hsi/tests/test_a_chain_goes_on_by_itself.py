"""The chain tokenizer -> pre-training -> detector -> maps: each end begins the next stage, once, whatever happens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cvstudio.datasets.tests.carry_out import carry_out_all
from cvstudio.runs.hooks import run_completed, run_ended
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.create_run import create_run
from cvstudio.weights import library
from cvstudio.weights.errors import InUseError
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.services.delete_weight import delete_weight
from hsi.models import AnomalyMap, Pipeline, Scene
from hsi.services import advance_pipeline as advancing
from hsi.storage import scene_folder
from hsi.tests.makers import leave_weight, make_scene, make_weight
from ml_core.hsi.simulate import Simulation, simulate_scene
from ml_core.hsi.stages.tests.chain import TINY

URL = "/api/v1/hsi/pipelines"
STEMS = {"tokenizer": "tokenizer", "pretrain": "encoder", "anomaly": "detector"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(alice: Any) -> Scene:
    return make_scene(alice)


def start(api: Any, scene: Scene, **more: Any) -> dict[str, Any]:
    answer = api.post(URL, {"name": "Harbours", "preset": "cpu", "scenes": [str(scene.id)], **more})
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def finish(pipeline_id: Any, stage: str) -> Run:
    """Let the run of a stage end as a worker would."""
    pipeline = Pipeline.objects.get(id=pipeline_id)
    run = getattr(pipeline, f"{stage}_run")
    assert run is not None
    leave_weight(run, f"hsi.{stage}", STEMS[stage])
    run.save()
    run_completed(run)
    Run.objects.filter(id=run.id).update(state=RunState.COMPLETED)
    return Run.objects.get(id=run.id)


def states(body: dict[str, Any]) -> list[str]:
    return [stage["state"] for stage in body["stages"]]


def test_every_stage_begins_the_next_with_its_weight(alice_api: Any, scene: Scene) -> None:
    body = start(alice_api, scene)
    assert (body["state"], states(body)) == ("running", ["running", "waiting", "waiting", "waiting"])
    first = Pipeline.objects.get(id=body["id"]).tokenizer_run
    assert first is not None
    assert first.config["pretrain_datasets"] == [
        {"name": scene.name, "data_path": str(scene_folder(scene)), "domain_id": scene.domain_id}
    ]
    for stage, key, stem in (("tokenizer", "tokenizer", "tokenizer"), ("pretrain", "encoder", "encoder")):
        finish(body["id"], stage)
        pipeline = Pipeline.objects.get(id=body["id"])
        following = pipeline.pretrain_run if stage == "tokenizer" else pipeline.anomaly_run
        assert following is not None and following.config[key] == str(library.folder_of(getattr(pipeline, stem)))
    finish(body["id"], "anomaly")
    body = alice_api.get(f"{URL}/{body['id']}").json()
    assert (body["stage"], states(body)) == ("maps", ["completed", "completed", "completed", "running"])
    made = AnomalyMap.objects.get(pipeline=body["id"])
    assert made.detector == Pipeline.objects.get(id=body["id"]).detector and made.run is not None
    assert made.run.config["detector"] == str(library.folder_of(made.detector))
    AnomalyMap.objects.update(state="ready")
    assert alice_api.get(f"{URL}/{body['id']}").json()["state"] == "completed"


def test_lineage_leads_from_the_detector_to_the_tokenizer(alice_api: Any, scene: Scene) -> None:
    body = start(alice_api, scene)
    for stage in STEMS:
        finish(body["id"], stage)
    pipeline = Pipeline.objects.select_related("detector__parent__parent").get(id=body["id"])
    assert pipeline.detector is not None and pipeline.detector.parent == pipeline.encoder
    assert pipeline.encoder is not None and pipeline.encoder.parent == pipeline.tokenizer


def test_an_end_that_is_reported_twice_begins_one_run(alice_api: Any, scene: Scene) -> None:
    body = start(alice_api, scene)
    run = finish(body["id"], "tokenizer")
    run_completed(run)
    assert Run.objects.filter(recipe="hsi.pretrain").count() == 1
    assert WeightVersion.objects.count() == 1
    for stage in ("pretrain", "anomaly"):
        run = finish(body["id"], stage)
        run_completed(run)
    assert AnomalyMap.objects.count() == 1 and Run.objects.filter(recipe="hsi.infer").count() == 1


def test_stages_with_a_weight_are_skipped(alice: Any, alice_api: Any, scene: Scene) -> None:
    tokenizer = make_weight(alice, "hsi.tokenizer", "tokenizer")
    body = start(alice_api, scene, tokenizer=str(tokenizer.id))
    assert states(body) == ["skipped", "running", "waiting", "waiting"]
    encoder = make_weight(alice, "hsi.pretrain", "encoder")
    body = start(alice_api, scene, encoder=str(encoder.id))
    assert states(body) == ["skipped", "skipped", "running", "waiting"]
    wrong = alice_api.post(URL, {"preset": "cpu", "scenes": [str(scene.id)], "encoder": str(tokenizer.id)})
    assert wrong.status_code == 404


def test_a_stage_that_cannot_begin_says_why_and_can_be_retried(
    alice_api: Any, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = start(alice_api, scene)

    def refuse(**_: Any) -> Any:
        from ml_core.errors import CodedError

        raise CodedError("Too many runs wait.", code="run.quota", hint="Wait.")

    monkeypatch.setattr(advancing, "create_run", refuse)
    finish(body["id"], "tokenizer")
    body = alice_api.get(f"{URL}/{body['id']}").json()
    assert (body["state"], body["fault"]["code"], states(body)[0]) == ("failed", "run.quota", "completed")
    monkeypatch.setattr(advancing, "create_run", create_run)
    answer = alice_api.post(f"{URL}/{body['id']}/control", {"action": "retry"})
    assert answer.status_code == 200 and states(answer.json())[:2] == ["completed", "running"]
    assert answer.json()["fault"] == {}


def test_a_failed_stage_goes_on_where_it_was(alice_api: Any, scene: Scene) -> None:
    body = start(alice_api, scene)
    run = Pipeline.objects.get(id=body["id"]).tokenizer_run
    assert run is not None
    Run.objects.filter(id=run.id).update(state=RunState.FAILED, cause={"code": "device.unavailable"})
    run_ended(Run.objects.get(id=run.id))
    assert alice_api.get(f"{URL}/{body['id']}").json()["state"] == "failed"
    answer = alice_api.post(f"{URL}/{body['id']}/control", {"action": "retry"})
    assert answer.json()["state"] == "running" and Run.objects.get(id=run.id).state == RunState.QUEUED


def test_a_chain_is_paused_resumed_and_stopped_as_a_whole(alice_api: Any, scene: Scene) -> None:
    body = start(alice_api, scene)
    control = f"{URL}/{body['id']}/control"
    assert alice_api.post(control, {"action": "pause"}).json()["state"] == "paused"
    again = alice_api.post(control, {"action": "pause"})
    assert (again.status_code, again.json()["code"]) == (409, "hsi.nothing_to_do")
    assert alice_api.post(control, {"action": "resume"}).json()["state"] == "running"
    assert alice_api.post(control, {"action": "stop"}).json()["state"] == "stopped"
    assert alice_api.post(control, {"action": "fly"}).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"preset": "magic"}, {"scenes": []}, {"settings": {"flight": {}}}, {"settings": {"tokenizer": {"K_s": 0}}},
        {"settings": {"pretrain": {"nonsense": 1}}}, {"settings": {"methods": ["magic"]}}, {"settings": []},
        {"settings": {"tokenizer": 3}}, {"settings": {"methods": 3}},
    ],
)  # fmt: skip
def test_a_chain_that_cannot_be_begins_nothing(alice_api: Any, scene: Scene, change: dict[str, Any]) -> None:
    answer = alice_api.post(URL, {"preset": "cpu", "scenes": [str(scene.id)], **change})
    assert answer.status_code == 400, answer.content
    assert not Pipeline.objects.exists() and not Run.objects.filter(recipe="hsi.tokenizer").exists()


def test_settings_of_a_stage_reach_its_run(alice_api: Any, scene: Scene) -> None:
    body = start(alice_api, scene, settings={"tokenizer": {"num_epochs": 3}, "methods": ["global_rx"]})
    run = Pipeline.objects.get(id=body["id"]).tokenizer_run
    assert run is not None and run.config["num_epochs"] == 3


def test_scenes_of_many_sensors_find_room_in_the_encoder(alice_api: Any, scene: Scene) -> None:
    Scene.objects.filter(id=scene.id).update(domain_id=40)
    body = start(alice_api, scene)
    finish(body["id"], "tokenizer")
    run = Pipeline.objects.get(id=body["id"]).pretrain_run
    assert run is not None and run.config["num_domains"] == 41


def test_strangers_learn_nothing_from_scenes_of_others(alice_api: Any, bob_api: Any, scene: Scene) -> None:
    body = start(alice_api, scene)
    assert bob_api.post(URL, {"preset": "cpu", "scenes": [str(scene.id)]}).status_code == 404
    assert bob_api.get(f"{URL}/{body['id']}").status_code == 404
    assert bob_api.get(URL).json()["results"] == []
    assert bob_api.post(f"{URL}/estimate", {"preset": "cpu", "scenes": [str(scene.id)]}).status_code == 404


def test_a_scene_that_a_chain_learns_from_is_not_deleted(alice_api: Any, scene: Scene) -> None:
    body = start(alice_api, scene)
    answer = alice_api.delete(f"/api/v1/hsi/scenes/{scene.id}")
    assert (answer.status_code, answer.json()["code"]) == (409, "hsi.in_use") and "Harbours" in answer.json()["message"]
    assert alice_api.delete(f"{URL}/{body['id']}").status_code == 409
    alice_api.post(f"{URL}/{body['id']}/control", {"action": "stop"})
    assert alice_api.delete(f"{URL}/{body['id']}").status_code == 204
    assert alice_api.delete(f"/api/v1/hsi/scenes/{scene.id}").status_code == 200


def test_a_detector_with_maps_is_deleted_with_them_or_not_at_all(alice_api: Any, scene: Scene) -> None:
    body = start(alice_api, scene)
    for stage in STEMS:
        finish(body["id"], stage)
    detector = Pipeline.objects.get(id=body["id"]).detector
    assert detector is not None
    with pytest.raises(InUseError):
        delete_weight(detector, with_dependants=True)  # its map is being computed
    run = AnomalyMap.objects.get().run
    Run.objects.filter(id=run.id).update(state=RunState.COMPLETED)  # type: ignore[union-attr]
    with pytest.raises(InUseError):
        delete_weight(detector)
    assert delete_weight(detector, with_dependants=True).dependants == 1
    assert not AnomalyMap.objects.exists()


def test_lists_of_chains_cost_a_fixed_number_of_queries(
    alice_api: Any, scene: Scene, django_assert_num_queries: Any
) -> None:
    for _ in range(3):
        start(alice_api, scene)
    with django_assert_num_queries(4):
        assert len(alice_api.get(URL).json()["results"]) == 3


def test_an_estimate_knows_every_stage(alice_api: Any, scene: Scene) -> None:
    answer = alice_api.post(f"{URL}/estimate", {"preset": "cpu", "scenes": [str(scene.id)]})
    assert [row["stage"] for row in answer.json()] == ["tokenizer", "pretrain", "anomaly", "maps"]
    assert all(row["seconds"] > 0 for row in answer.json())


def test_presets_show_their_settings(alice_api: Any) -> None:
    body = alice_api.get("/api/v1/hsi/presets").json()
    assert {row["name"] for row in body} >= {"cpu", "gpu", "specification"}
    assert body[0]["settings"]["tokenizer"]["K_s"] > 1


@pytest.mark.slow
def test_the_real_stages_end_in_maps_of_all_heads(alice: Any, alice_api: Any) -> None:
    simulated = simulate_scene(0, Simulation(height=32, width=32, bands=24, targets=3, largest=4))
    scene = make_scene(alice, cube=np.asarray(simulated.cube), gt=np.asarray(simulated.mask))
    body = start(alice_api, scene, settings=TINY)
    carry_out_all()
    body = alice_api.get(f"{URL}/{body['id']}").json()
    faults = list(Run.objects.filter(state=RunState.FAILED).values_list("recipe", "cause"))
    assert (body["state"], faults) == ("completed", [])
    made = AnomalyMap.objects.get()
    assert {"combined", "training_free", "lm_nll", "token_nll", "recon", "one_class"} <= set(made.methods)
    assert made.main_method == "combined" and made.methods["combined"]["metrics"]["auc"] > 0.5


def test_weights_of_the_stages_lead_to_where_they_are_used(alice: Any, client: Any) -> None:
    client.force_login(alice)
    for task, stem, address in (
        ("hsi.tokenizer", "tokenizer", "/hsi/pipelines/new?tokenizer="),
        ("hsi.anomaly", "detector", "/hsi/detect?detector="),
    ):
        weight = make_weight(alice, task, stem)
        page = client.get(f"/weights/{weight.id}").content.decode()
        assert f"{address}{weight.id}" in page and "predict-image" not in page
        assert f'value="{weight.id}"' not in client.get("/inference/").content.decode()


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"tokenizer": {"scenes": ["/etc"]}}, "settings.tokenizer.scenes"),
        ({"tokenizer": {"pretrain_datasets": [{"data_path": "/etc"}]}}, "settings.tokenizer.pretrain_datasets"),
        ({"tokenizer": {"preset": "gpu"}}, "settings.tokenizer.preset"),
        ({"pretrain": {"tokenizer": "/etc"}}, "settings.pretrain.tokenizer"),
        ({"anomaly": {"encoder": "../x"}}, "settings.anomaly.encoder"),
        ({"pretrain": {"bert_model_name_or_path": "/etc"}}, "path"),
        ({"pretrain": {"bert_model_name_or_path": "../models"}}, "path"),
    ],
)
def test_settings_lead_to_no_place_on_the_server(
    alice_api: Any, scene: Scene, settings: dict[str, Any], where: str
) -> None:
    answer = alice_api.post(URL, {"preset": "cpu", "scenes": [str(scene.id)], "settings": settings})
    assert answer.status_code == 400, answer.content
    assert answer.json()["where"] == where
    assert answer.json()["hint"]
    assert not Pipeline.objects.exists()


def test_a_bert_of_the_hub_may_be_named(alice_api: Any, scene: Scene) -> None:
    start(alice_api, scene, settings={"pretrain": {"bert_model_name_or_path": "google-bert/bert-base-uncased"}})
