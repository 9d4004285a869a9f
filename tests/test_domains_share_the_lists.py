"""Stars, scenes and characters stand in the lists of data sets, predictions, runs and weights, with their viewers."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from rest_framework.test import APIClient

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        not {"hsi", "stellar", "anime"} <= set(settings.DOMAIN_APPS), reason="needs the three domains installed"
    ),
]


@pytest.fixture
def things(alice: Any) -> dict[str, Any]:
    """One of each of Alice's."""
    from anime.tests.makers import make_recognition
    from anime.tests.model_makers import make_collection_row, make_drawn, make_generator, make_recogniser
    from hsi.models import AnomalyMap, Scene
    from stellar.models import Prediction
    from stellar.tests.makers import make_classifier, make_survey_row

    scene = Scene.objects.create(owner=alice, name="Harbour <b>", source="sample", state="ready", height=4, width=5,
                                 bands=6)  # fmt: skip
    survey, collection = make_survey_row(alice), make_collection_row(alice)
    recogniser = make_recogniser(alice, collection)
    classifier = make_classifier(alice, survey=survey)
    return {
        "scene": scene, "survey": survey, "collection": collection, "recogniser": recogniser, "classifier": classifier,
        "map": AnomalyMap.objects.create(owner=alice, name="Anomalies", scene=scene, state="ready"),
        "prediction": Prediction.objects.create(owner=alice, name="Classes", survey=survey, classifier=classifier),
        "recognition": make_recognition(recogniser, collection),
        "drawn": make_drawn(alice, make_generator(alice, collection), count=1)[0],
    }  # fmt: skip


def page(user: Any, address: str) -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_data_sets_of_all_systems_are_listed_together(alice: Any, bob: Any, things: dict[str, Any]) -> None:
    addresses = [
        f"/hsi/scenes/{things['scene'].id}", f"/stellar/surveys/{things['survey'].id}",
        f"/anime/collections/{things['collection'].id}",
    ]  # fmt: skip
    listed = page(alice, "/datasets/")
    assert all(f'href="{address}"' in listed for address in addresses)
    assert "4 × 5 px, 6 bands" in listed and "Harbour &lt;b&gt;" in listed
    assert not any(address in page(bob, "/datasets/") for address in addresses)
    searched = page(alice, "/datasets/?q=harbour")
    assert addresses[0] in searched and addresses[1] not in searched
    assert all(page(alice, address) for address in addresses)


def test_predictions_of_all_systems_are_listed_together(alice: Any, bob: Any, things: dict[str, Any]) -> None:
    addresses = [
        f"/hsi/maps/{things['map'].id}", f"/stellar/predictions/{things['prediction'].id}",
        f"/anime/recognitions/{things['recognition'].id}", f"/anime/generators/{things['drawn'].generator_id}",
    ]  # fmt: skip
    listed = page(alice, "/inference/jobs")
    assert all(f'href="{address}"' in listed for address in addresses)
    assert not any(address in page(bob, "/inference/jobs") for address in addresses)


def test_weights_of_all_systems_are_in_the_library_and_lead_to_where_they_are_used(
    alice: Any, alice_api: APIClient, things: dict[str, Any]
) -> None:
    library = page(alice, "/weights/")
    for kind, address in (("recogniser", "/anime/recognisers/"), ("classifier", "/stellar/classifiers/")):
        assert f"/weights/{things[kind].id}" in library and f'href="{address}{things[kind].id}"' in library
    assert f"/inference/?weight={things['classifier'].id}" not in library
    ids = {row["id"] for row in alice_api.get("/api/v1/weights").json()["results"]}
    assert {str(things["recogniser"].id), str(things["classifier"].id)} <= ids


def test_a_run_leads_to_the_viewer_of_what_it_is_about(alice: Any, bob: Any, things: dict[str, Any]) -> None:
    from cvstudio.runs.models import Run
    from cvstudio.runs.viewers import viewers_of

    for recipe, kind, field, address in (
        ("hsi.import", "scene", "import_run", "/hsi/scenes/{}"),
        ("hsi.infer", "map", "run", "/hsi/maps/{}"),
        ("stellar.import", "survey", "import_run", "/stellar/surveys/{}"),
        ("stellar.predict", "prediction", "run", "/stellar/predictions/{}"),
        ("anime.health", "collection", "examine_run", "/anime/collections/{}/health"),
    ):
        run = Run.objects.create(owner=alice, name=recipe, recipe=recipe, queue="io")
        thing = things[kind]
        setattr(thing, field, run)
        thing.save()
        assert [viewer.url for viewer in viewers_of(run, alice)] == [address.format(thing.id)]
        assert viewers_of(run, bob) == []
        assert address.format(thing.id) in page(alice, f"/runs/{run.id}/log")


def test_a_run_of_the_platform_leads_to_its_data_set_or_its_answers(alice: Any) -> None:
    from cvstudio.inference.models import InferenceJob
    from cvstudio.runs.models import Run
    from cvstudio.runs.viewers import viewers_of
    from cvstudio.weights.tests.makers import make_weight

    version = make_weight(alice)
    data = version.dataset_version
    assert data is not None
    run = Run.objects.create(owner=alice, name="Import", recipe="data.import", queue="io")
    data.import_run = run
    data.save()
    assert [viewer.url for viewer in viewers_of(run, alice)] == [f"/datasets/{data.dataset_id}?version=1"]
    batch = Run.objects.create(owner=alice, name="Batch", recipe="vision.predict", queue="io")
    job = InferenceJob.objects.create(owner=alice, kind="batch", weight_version=version, run=batch)
    assert [viewer.url for viewer in viewers_of(batch, alice)] == [f"/inference/jobs/{job.id}"]


def test_scenes_and_surveys_are_on_the_disk_page(alice_api: APIClient, things: dict[str, Any]) -> None:
    from hsi.storage import scene_home

    folder = scene_home(things["scene"].id)
    folder.mkdir(parents=True)
    (folder / "cube.npy").write_bytes(b"x" * 700)
    uses = {use["kind"]: use for use in alice_api.get("/api/v1/system/disk").json()}
    assert uses["hsi-scenes"]["bytes"] == 700 and "stellar-surveys" in uses
    keys = [uses["hsi-scenes"]["things"][0]["key"]]
    done = alice_api.post("/api/v1/system/disk", {"keys": keys, "dry_run": False}, format="json").json()
    assert done["freed"] == 700 and not folder.exists()
