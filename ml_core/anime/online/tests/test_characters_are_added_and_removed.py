"""`OnlineLearningSystem` as the specification uses it, and what must never get lost."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import torch

from ml_core.anime.errors import RecogniserError
from ml_core.anime.online.feature_db import FeatureDatabase
from ml_core.anime.online.learning import OnlineLearningSystem
from ml_core.anime.tests.drawn import NAMES, draw_face
from ml_core.weights.errors import WeightFileError

NEW = 4


def picture(character: int, seed: int) -> bytes:
    stream = io.BytesIO()
    draw_face(character, seed).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def system(drawn_model: Path, tmp_path: Path) -> OnlineLearningSystem:
    return OnlineLearningSystem(model_path=drawn_model, feature_db_path=tmp_path / "db")


def first_names(system: OnlineLearningSystem, character: int, seeds: range) -> list[str]:
    return [answer.names[0] for answer in system.recognise([picture(character, seed) for seed in seeds])]


def test_known_characters_are_recognised(system):
    for character in range(4):
        assert first_names(system, character, range(50, 54)).count(NAMES[character]) >= 3


def test_a_new_character_is_told_from_the_known_ones_which_are_not_forgotten(system):
    added = system.add_new_role(NAMES[NEW], [picture(NEW, seed) for seed in range(5)])
    assert (added.id, added.used, added.copies) == (4, 5, 0)
    assert added.told_apart is not None and added.told_apart >= 0.6
    assert first_names(system, NEW, range(60, 66)).count(NAMES[NEW]) >= 5
    for character in range(4):
        assert first_names(system, character, range(50, 54)).count(NAMES[character]) >= 3


def test_what_was_added_is_there_after_opening_again(system, drawn_model, tmp_path):
    system.add_new_role(NAMES[NEW], [picture(NEW, seed) for seed in range(5)])
    again = OnlineLearningSystem(drawn_model, tmp_path / "db")
    assert again.roles == system.roles and set(again.roles) == set(NAMES[:5])
    assert first_names(again, NEW, range(60, 62)) == first_names(system, NEW, range(60, 62))


def test_removal_and_rollback_bring_back_exactly_what_was(system):
    before = system.recognise([picture(1, 50)])[0]
    system.add_new_role(NAMES[NEW], [picture(NEW, 0)])
    system.remove_role(NAMES[1])
    assert NAMES[1] not in system.roles
    assert first_names(system, 1, range(50, 53)).count(NAMES[1]) == 0
    system.rollback(1)
    assert system.recognise([picture(1, 50)])[0] == before
    system.rollback(3)
    assert NAMES[1] not in system.roles and NAMES[NEW] in system.roles


def test_ids_are_not_given_twice(system):
    first = system.add_new_role("x", [picture(NEW, 0)])
    system.remove_role("x")
    second = system.add_new_role("y", [picture(5, 0)])
    system.rollback(1)
    third = system.add_new_role("z", [picture(5, 1)])
    assert len({first.id, second.id, third.id}) == 3


def test_pictures_that_cannot_be_read_and_copies_are_said_and_left_out(system, tmp_path):
    text = tmp_path / "note.jpg"
    text.write_text("no picture")
    added = system.add_new_role("x", [picture(NEW, 0), picture(NEW, 0), text, picture(NEW, 1)])
    assert (added.used, added.copies) == (2, 1)
    assert [reject.path for reject in added.rejects] == ["note.jpg"]


def test_the_same_picture_under_two_names_is_noticed(system):
    assert system.add_new_role("somebody else", [picture(2, 3)]).known_as == {"image 1": NAMES[2]}


def test_one_picture_is_enough_but_cannot_be_judged(system):
    added = system.add_new_role("only", [picture(NEW, 0)])
    assert (added.used, added.told_apart) == (1, None)


@pytest.mark.parametrize(
    ("name", "code"), [("", "anime.role_name"), ("a\nb", "anime.role_name"), ("x" * 201, "anime.role_name")]
)
def test_names_that_are_none_are_refused(system, name, code):
    with pytest.raises(RecogniserError) as caught:
        system.add_new_role(name, [picture(NEW, 0)])
    assert caught.value.code == code


def test_names_with_separators_are_names_and_no_paths(system, tmp_path):
    system.add_new_role("../../a/b\\c", [picture(NEW, 0)])
    assert "../../a/b\\c" in system.roles
    assert not [path for path in tmp_path.rglob("*") if path.name in {"a", "c", "b\\c"}]


def test_no_usable_picture_changes_nothing(system):
    before = system.database.revision
    with pytest.raises(RecogniserError, match="None of the images"):
        system.add_new_role("x", [b"nothing"])
    assert system.database.revision == before


def test_a_saved_model_knows_the_new_character_and_is_read_back(system, tmp_path):
    system.add_new_role(NAMES[NEW], [picture(NEW, seed) for seed in range(5)])
    system.save_model(str(tmp_path / "updated_model.pth"))
    names = json.loads((tmp_path / "updated_model.json").read_text())["characters"]
    assert NAMES[NEW] in names
    plain = torch.load(tmp_path / "updated_model.pth", weights_only=True)
    assert len(plain["prototypes.labels"]) == len(system.recogniser.exemplars.names)
    again = OnlineLearningSystem(str(tmp_path / "updated_model.pth"), str(tmp_path / "another_db"))
    assert first_names(again, NEW, range(60, 63)) == first_names(system, NEW, range(60, 63))


def test_a_database_of_another_model_is_refused(system, tmp_path):
    with pytest.raises(RecogniserError) as caught:
        FeatureDatabase(tmp_path / "db", "another space")
    assert caught.value.code == "anime.other_database"


def test_a_damaged_database_is_said(system, drawn_model, tmp_path):
    (tmp_path / "db" / "revisions" / "000001.json").write_text("{")
    with pytest.raises(RecogniserError) as caught:
        OnlineLearningSystem(drawn_model, tmp_path / "db")
    assert caught.value.code == "anime.database_damaged"


def test_a_missing_model_is_said(tmp_path):
    with pytest.raises(WeightFileError):
        OnlineLearningSystem(tmp_path / "nothing.pth", tmp_path / "db")


def test_strangers_are_less_familiar_than_known_characters(system):
    known = [
        answer.familiarity for answer in system.recognise([picture(c, 50 + s) for c in range(4) for s in range(4)])
    ]
    strangers = [answer.familiarity for answer in system.recognise([picture(c, s) for c in (4, 5) for s in range(6)])]
    assert sum(a > b for a in known for b in strangers) >= 0.8 * len(known) * len(strangers)
