from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ml_core.anime.errors import RecogniserError
from ml_core.anime.fusion.request import pack_question
from ml_core.anime.recognise.storage import load_recogniser
from ml_core.anime.search import index as index_module
from ml_core.anime.search.answering import SearchPredictor
from ml_core.anime.search.index import SearchIndex, write_index
from ml_core.anime.search.words import WordMatcher
from ml_core.anime.tests.drawn import NAMES, draw_collection, draw_face
from ml_core.run.cli import main

TEXTS = {
    NAMES[0]: {"full": "red hair, green eyes", "partial": "coloured hair"},
    NAMES[1]: ["蓝色头发的女孩", "blue hair and red eyes"],
    NAMES[2]: "green hair, purple eyes",
}


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory, drawn_model: Path) -> Path:
    folder = tmp_path_factory.mktemp("search")
    known = draw_collection(folder / "known")
    (known / NAMES[0] / "broken.png").write_bytes(b"no image")
    (folder / "captions.json").write_text(json.dumps(TEXTS))
    code = main(
        ["anime.index", f"--set=known={known}", f"--set=model={drawn_model}", "--set=threads=1"]
        + ["--out", str(folder / "run")]
    )
    assert code == 0, (folder / "run/result.json").read_text()
    result = json.loads((folder / "run/result.json").read_text())
    assert (result["images"], result["unreadable"]) == (40, 1)
    return folder / "run" / "artifacts" / "index"


def ask(folder: Path, content: bytes) -> list[dict[str, object]]:
    server = SearchPredictor()
    server.load(folder, "cpu")
    found: list[dict[str, object]] = server.postprocess(server.forward(server.preprocess(content)[None])[0])["found"]
    return found


def test_an_image_finds_itself_first_and_its_character_next(indexed: Path) -> None:
    own = indexed.parents[2] / "known" / NAMES[2] / "03.png"
    found = ask(indexed, pack_question(image=own.read_bytes(), limit=6))
    assert found[0]["path"] == f"{NAMES[2]}/03.png"
    assert found[0]["similarity"] == pytest.approx(1, abs=1e-4)
    assert len(found) == 6
    assert sum(row["character"] == NAMES[2] for row in found) >= 4


def test_words_of_any_script_find_characters_and_say_why(indexed: Path) -> None:
    found = ask(indexed, pack_question("somebody with RED hair", limit=5))
    assert found[0]["character"] == NAMES[0]
    assert set(found[0]["because"]) == {"red", "hair"}  # type: ignore[call-overload]
    assert ask(indexed, pack_question("蓝色头发"))[0]["character"] == NAMES[1]
    assert ask(indexed, pack_question(NAMES[3]))[0]["character"] == NAMES[3]  # nobody wrote about it, but it has a name
    assert ask(indexed, pack_question("zeppelin")) == []


def test_misspelt_words_still_count_and_rare_ones_count_more() -> None:
    matcher = WordMatcher({"a": ["purple hair"], "b": ["silver hair"], "c": ["hair"]})
    assert max(matcher.scores("purpel purplee"), key=lambda name: matcher.scores("purpel purplee")[name]) == "a"
    phrases = WordMatcher({"other": ["blue hair and red eyes"], "meant": ["eyes: blue; red hair"]}).scores("red hair")
    assert phrases["meant"] == pytest.approx(1)
    assert phrases["other"] < 0.9, "words that stand together are more than two words"
    scores = matcher.scores("silver hair")
    assert scores["b"] == pytest.approx(1)
    assert 0 < scores["a"] < 0.4


def test_searching_block_by_block_gives_what_comparing_all_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(101, 8)).astype(np.float32)
    parts = [(vectors[a : a + 30], np.zeros(len(vectors[a : a + 30]), np.int32), np.ones(len(vectors[a : a + 30])),
              [f"x/{n}" for n in range(a, min(a + 30, 101))]) for a in range(0, 101, 30)]  # fmt: skip
    write_index(tmp_path, {"characters": ["x"], "texts": {}, "space": "s"}, 8, 101, parts)
    query = rng.normal(size=8).astype(np.float32)
    expected = [f"x/{n}" for n in np.argsort(-(vectors @ query), kind="stable")[:7]]
    for block in (1000, 3):
        monkeypatch.setattr(index_module, "_BLOCK", block)
        assert [found.path for found in SearchIndex(tmp_path).by_vector(query, 7)] == expected


def test_a_damaged_index_and_one_of_another_model_are_refused(indexed: Path, tmp_path: Path, drawn_model: Path) -> None:
    with pytest.raises(RecogniserError) as failure:
        SearchIndex(tmp_path)
    assert failure.value.code == "anime.index_damaged"
    facts = json.loads((indexed / "index.json").read_text())
    other = tmp_path / "other"
    other.mkdir()
    for path in indexed.iterdir():
        (other / path.name).symlink_to(path)
    (other / "index.json").unlink()
    (other / "index.json").write_text(json.dumps({**facts, "space": "another"}))
    with pytest.raises(RecogniserError) as failure:
        SearchPredictor().load(other, "cpu")
    assert failure.value.code == "anime.other_database"


def test_similarities_are_cosines_in_the_metric_of_the_recogniser(indexed: Path, drawn_model: Path) -> None:
    from ml_core.anime.collection.square import square_picture

    path = indexed.parent / "asked.png"
    draw_face(1, 99).save(path)
    model = load_recogniser(drawn_model)
    vector = model.vectors(square_picture(path)[None])[0]
    best = float((model.exemplars.vectors @ vector).max())
    assert ask(indexed, pack_question(image=path.read_bytes()))[0]["similarity"] == pytest.approx(best, abs=1e-4)
    assert torch.isfinite(vector).all()
