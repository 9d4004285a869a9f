"""A collection is brought as a zip, a folder, a data set, or drawn; characters and images follow the version."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from anime.models import Character, CharacterImage, Collection
from anime.services.create_collection import create_from_dataset, create_from_folder
from anime.services.delete_collection import delete_collection
from anime.tests.makers import fresh, png
from cvstudio.datasets.models import Dataset
from cvstudio.datasets.tests.carry_out import carry_out_all, ready_dataset, zip_bytes
from ml_core.anime.tests.drawn import NAMES, draw_collection, draw_face

API = "/api/v1/anime"


def test_the_drawn_sample_has_characters_captions_sources_and_its_faults_are_found(collection):
    assert (collection.characters, collection.images) == (8, 19)
    assert collection.sources == {"ink": 10, "pastel": 9}
    row = Character.objects.get(collection=collection, name="Akari")
    assert "red hair" in row.captions[0] and row.partial == ["Somebody with red hair."]
    assert collection.health["extension_lies"] == ["Chiyo/really a png.jpg"]
    flags = {image.path: image.findings for image in collection.image_rows.all()}
    assert "two_names" in flags["Akari/filed wrongly.webp"]
    assert "extension" in flags["Chiyo/really a png.jpg"]


def test_a_zip_is_uploaded_and_its_captions_come_along(alice_api, alice):
    files = {f"{name}/{n}.png": png(at, n) for at, name in enumerate(NAMES[:2]) for n in range(3)}
    files["captions.json"] = json.dumps({NAMES[0]: ["A face with red hair."]}).encode()
    files[f"{NAMES[0]}/notes.txt"] = b"not an image"
    archive = zip_bytes(files)
    from django.core.files.uploadedfile import SimpleUploadedFile

    upload = SimpleUploadedFile("friends.zip", archive, "application/zip")
    answer = alice_api.post(f"{API}/collections", {"file": upload}, format="multipart")
    assert answer.status_code == 201, answer.content
    assert answer.json()["state"] == "importing"
    carry_out_all()
    body = alice_api.get(f"{API}/collections/{answer.json()['id']}").json()
    assert (body["name"], body["state"], body["characters"], body["images"]) == ("friends", "ready", 2, 6)
    row = Character.objects.get(collection=body["id"], name=NAMES[0])
    assert row.captions == ["A face with red hair."]


def test_a_registered_folder_keeps_its_files_and_names_of_any_script(alice, root):
    draw_collection(root / "known", characters=4, pictures=2)
    (root / "known" / "nobody").mkdir()
    draw_face(5, 1).save(root / "known" / NAMES[0] / "moving.gif", save_all=True, append_images=[draw_face(5, 2)])
    (root / "known" / NAMES[0] / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    made = create_from_folder(alice, str(root / "known"), accept_rejects=True)
    carry_out_all()
    found = fresh(made)
    names = set(Character.objects.filter(collection=found).values_list("name", flat=True))
    assert names == set(NAMES[:4])
    reasons = {entry["path"]: entry["reason"] for entry in found.health["rejects"]}
    assert f"{NAMES[0]}/broken.png" in reasons
    assert (root / "known" / NAMES[0] / "broken.png").is_file()


def test_captions_beside_a_folder_are_read_only_where_folders_may_be_registered(alice, root, settings):
    draw_collection(root / "known", characters=2, pictures=2)
    (root / "captions.json").write_text(json.dumps({NAMES[0]: ["A face with red hair."]}))
    inner = create_from_folder(alice, str(root / "known"))
    carry_out_all()
    assert Character.objects.get(collection=inner, name=NAMES[0]).captions == ["A face with red hair."]
    settings.DATASET_ROOTS = [root / "known"]
    outer = create_from_folder(alice, str(root / "known"))
    carry_out_all()
    assert Character.objects.get(collection=outer, name=NAMES[0]).captions == []


def test_too_many_broken_files_ask_first_and_trying_again_leaves_them_out(alice_api, alice, root):
    draw_collection(root / "known", characters=2, pictures=2)
    for number in range(3):
        (root / "known" / NAMES[0] / f"broken {number}.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    made = create_from_folder(alice, str(root / "known"))
    carry_out_all()
    body = alice_api.get(f"{API}/collections/{made.id}").json()
    assert body["state"] == "failed" and body["fault"]["code"] == "import.rejects"
    assert alice_api.post(f"{API}/collections/{made.id}/retry", {}).status_code == 202
    carry_out_all()
    assert alice_api.get(f"{API}/collections/{made.id}").json()["images"] == 4


def test_a_character_with_one_image_or_none_is_named_and_the_rest_goes_on(alice, root):
    draw_collection(root / "known", characters=2, pictures=3)
    for name, count in (("lonely", 1), ("empty", 0)):
        (root / "known" / name).mkdir()
        for number in range(count):
            draw_face(4, number).save(root / "known" / name / f"{number}.png")
    made = create_from_folder(alice, str(root / "known"))
    carry_out_all()
    found = fresh(made)
    assert found.characters == 3
    assert "lonely" in found.health["few"]
    assert any("empty" in warning for warning in found.dataset.current_version.warnings)


def test_the_same_image_under_two_names_is_marked_on_both(alice, root):
    draw_collection(root / "known", characters=2, pictures=3)
    draw_face(0, 0).save(root / "known" / NAMES[1] / "again.png")
    made = create_from_folder(alice, str(root / "known"))
    carry_out_all()
    marked = CharacterImage.objects.filter(collection=made, flags__contains="two_names")
    assert {row.character.name for row in marked} == set(NAMES[:2])


def test_a_data_set_becomes_a_collection_once_and_stays_when_it_ends_to_be_one(alice, root):
    draw_collection(root / "known", characters=2, pictures=2)
    dataset = ready_dataset(alice, root / "known")
    made = create_from_dataset(dataset)
    assert made.characters == 2
    assert create_from_dataset(dataset).id == made.id
    carry_out_all()
    delete_collection(fresh(made), alice, keep_data=True)
    assert Dataset.objects.filter(id=dataset.id).exists()
    assert not Collection.objects.filter(id=made.id).exists()


def test_deleting_a_collection_frees_its_files(collection, alice):
    assert delete_collection(collection, alice) > 0
    assert not Dataset.objects.exists() and not CharacterImage.objects.exists()


def test_lists_cost_the_same_however_long_they_are(collection, alice, alice_api, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        assert alice_api.get(f"{API}/images?collection={collection.id}&page_size=200").status_code == 200
    with django_assert_max_num_queries(6):
        assert alice_api.get(f"{API}/characters?collection={collection.id}").status_code == 200
    with django_assert_max_num_queries(6):
        assert alice_api.get(f"{API}/collections").status_code == 200


def test_images_are_paged_filtered_and_sorted(collection, alice_api):
    first = alice_api.get(f"{API}/images?collection={collection.id}&page_size=10").json()
    second = alice_api.get(first["next"]).json()
    paths = [row["path"] for row in first["results"] + second["results"]]
    assert len(set(paths)) == 19 and second["next"] is None
    flagged = alice_api.get(f"{API}/images?collection={collection.id}&flag=extension").json()["results"]
    assert [row["path"] for row in flagged] == ["Chiyo/really a png.jpg"]
    inked = alice_api.get(f"{API}/images?collection={collection.id}&source=ink").json()["results"]
    assert len(inked) == 10
    assert alice_api.get(flagged[0]["thumbnail"]).status_code == 200


def test_captions_and_notes_are_written(collection, alice_api):
    row = Character.objects.get(collection=collection, name="Goro")
    sent = {"captions": ["  Black   hair. ", "", "Black hair."], "notes": "a friend"}
    body = alice_api.patch(f"{API}/characters/{row.id}", sent).json()
    assert (body["captions"], body["notes"], body["partial"]) == (["Black hair."], "a friend", row.partial)


@pytest.mark.parametrize("source", [{"source": "folder"}, {"source": "dataset"}, {"source": "moon"}, {}])
def test_what_is_missing_is_named(alice_api, source):
    answer = alice_api.post(f"{API}/collections", source)
    assert answer.status_code == 400 and answer.json()["where"]


def test_a_folder_outside_of_the_roots_is_refused(alice_api, tmp_path):
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    answer = alice_api.post(f"{API}/collections", {"source": "folder", "path": str(tmp_path)})
    assert answer.status_code == 400 and answer.json()["code"] == "dataset.folder_not_allowed"
    assert not Collection.objects.exists()
