from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml_core.anime.benchmark.config import BenchmarkConfig
from ml_core.anime.benchmark.enrolment import measure_enrolment
from ml_core.anime.benchmark.material import prepare, write_part
from ml_core.anime.benchmark.summary import over_seeds
from ml_core.anime.benchmark.table import markdown
from ml_core.anime.collection.reading import read_collection
from ml_core.anime.errors import CollectionError
from ml_core.anime.tests.drawn import NAMES, draw_collection, draw_face
from ml_core.run.cli import main
from ml_core.run.context import RunContext

TEXTS = {name: [f"{colour} hair", f"an image of {colour} hair"] for name, colour in zip(NAMES, "abcdef", strict=True)}
TINY = {
    "classifier": {"image_size": 32, "pretrained": "scratch", "fit": {"epochs": 1}},
    "distill": {"image_size": 32, "pretrained": "scratch", "fit": {"epochs": 1}},
    "fusion": {"text_model": "scratch", "fit": {"epochs": 2}},
    "seeds": 1, "draws": 1, "device": "cpu", "threads": 1,
}  # fmt: skip


def nothing(_done: int, _total: int) -> None:
    """Progress that nobody looks at."""


def run(config: dict[str, Any], out: Path, *, resume: bool = False) -> dict[str, Any]:
    path = out.with_name(f"{out.name}.json")
    path.write_text(json.dumps(config))
    main(["anime.benchmark", "--config", str(path), "--out", str(out), *(["--resume"] if resume else [])])
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result


@pytest.mark.slow
def test_all_numbers_are_there_and_a_killed_benchmark_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = draw_collection(tmp_path / "known", characters=4)
    test = draw_collection(tmp_path / "test", characters=4, pictures=3, first=40)
    (tmp_path / "all").mkdir()
    new = draw_collection(tmp_path / "all", characters=6, pictures=8, first=60)
    (tmp_path / "captions.json").write_text(json.dumps(TEXTS))
    config = {"known": str(known), "test": str(test), "new": str(new), **TINY}

    def stop_after_distilling(self: RunContext) -> str | None:
        return "pause" if (self.dir.path / "work/seed-0/students/result.json").is_file() else None

    with monkeypatch.context() as patch:
        patch.setattr(RunContext, "requested", stop_after_distilling)
        assert run(config, tmp_path / "run")["state"] == "paused"
    before = (tmp_path / "run/work/seed-0/teacher/result.json").stat().st_mtime_ns
    result = run(config, tmp_path / "run", resume=True)
    assert result["state"] == "completed", result["error"]
    assert (tmp_path / "run/work/seed-0/teacher/result.json").stat().st_mtime_ns == before
    for name in ("teacher", "student", "student_alone"):
        assert 0 <= result[name]["top1"] <= 1
        assert result[name]["ms_per_image"] > 0 and result[name]["mb"] > 0
    assert set(result["enrol"]) == {"1", "5", "10", "20"}
    for size in ("1", "5"):
        row = result["enrol"][size]
        assert row["characters"] == 2 and row["seconds"] > 0
        assert 0 <= row["new_top1"] <= 1 and 0 <= row["known_top1"] <= 1 and row["known_top1_before"] > 0.5
    assert result["enrol"]["20"]["new_top1"] is None  # there are 8 images of each
    assert 0 <= result["unknown_auroc"] <= 1 and 0 <= result["calibration_error"] <= 1
    assert set(result["fusion"]) == {"image", "text", "both", "both_partial", "both_missing", "both_wrong"}
    assert result["seeds"] == 1 and len(result["by_seed"]) == 1
    assert result["by_seed"][0]["teacher"]["top1"] == result["teacher"]["top1"]
    assert result["spread"]["teacher"]["top1"] == 0
    assert "| student |" in (tmp_path / "run/artifacts/table.md").read_text()


def test_held_out_images_are_judged_by_and_nobody_learns_from_them_or_their_copies(tmp_path: Path) -> None:
    known = draw_collection(tmp_path / "known", characters=4, pictures=8)
    draw_face(0, 3).save(known / NAMES[0] / "copy of 03.png")
    rows = [{"path": f"known/{NAMES[1]}/0{n}.png", "source": "one"} for n in range(8)]
    (tmp_path / "manifest.json").write_text(json.dumps(rows))
    config = BenchmarkConfig(known=str(known), left_out=1, seeds=2)
    materials, _ = prepare(config, tmp_path / "work", nothing)
    tests = []
    for material in materials:
        learnt, asked = (
            {path.relative_to(folder).as_posix() for path in folder.rglob("*.png")}
            for folder in (material.known, material.test)
        )
        assert not learnt & asked
        assert len(learnt | asked) == 33
        copies = {f"{NAMES[0]}/03.png", f"{NAMES[0]}/copy of 03.png"}
        assert copies <= learnt or copies <= asked
        assert (material.test / "manifest.json").is_file()
        tests.append(asked)
        (name,) = material.facts["left_out"]
        assert material.new is not None
        assert [path.name for path in material.new.iterdir() if path.is_dir()] == [name]
        assert not (material.base / name).exists()
        assert not (material.base_test / name).exists()
        assert len(read_collection(material.base).characters) == 3
    assert tests[0] != tests[1]  # another quarter for each seed


def test_test_images_that_are_known_and_new_characters_that_are_known_are_left_out(tmp_path: Path) -> None:
    known = draw_collection(tmp_path / "known", characters=3, pictures=4)
    test = draw_collection(tmp_path / "test", characters=3, pictures=2, first=3)  # 03 is known
    new = draw_collection(tmp_path / "new", characters=5, pictures=2, first=20)
    config = BenchmarkConfig(known=str(known), test=str(test), new=str(new), seeds=1)
    (material,), _ = prepare(config, tmp_path / "work", nothing)
    assert material.facts["copies_left_out"] == 3
    assert {path.name for path in material.test.rglob("*.png")} == {"04.png"}
    assert material.known == material.base == known
    assert material.new is not None
    assert {path.name for path in material.new.iterdir()} == set(NAMES[3:5])
    with pytest.raises(CollectionError) as failure:
        prepare(config.model_copy(update={"test": str(new)}), tmp_path / "again", nothing)
    assert failure.value.code == "anime.other_characters"


def test_characters_are_added_and_taken_back_and_no_shown_image_is_judged(drawn_model: Path, tmp_path: Path) -> None:
    test = draw_collection(tmp_path / "test", pictures=4, first=40)
    everybody = read_collection(draw_collection(tmp_path / "all", characters=6, pictures=7, first=60))
    rows = np.flatnonzero(everybody.labels.numpy() >= 0)
    strange = [name for name in everybody.characters if name in NAMES[4:]]
    rows = rows[np.isin(np.array(everybody.characters)[everybody.labels.numpy()], strange)]
    new = write_part(everybody, rows, tmp_path / "new")
    before = {path.name: path.read_bytes() for path in drawn_model.iterdir()}
    found = measure_enrolment(drawn_model, test, new, tmp_path / "db", draws=2, seed=0, progress=nothing)
    again = measure_enrolment(drawn_model, test, new, tmp_path / "db", draws=2, seed=0, progress=nothing)
    assert found["enrol"]["5"]["by_draw"]["new_top1"] == again["enrol"]["5"]["by_draw"]["new_top1"]
    assert found["enrol"]["5"]["new_top1"] > 0.8
    assert found["enrol"]["5"]["known_top1"] > 0.8
    assert found["enrol"]["10"]["new_top1"] is None
    assert found["unknown_auroc"] > 0.5
    assert {path.name: path.read_bytes() for path in drawn_model.iterdir()} == before
    assert not (tmp_path / "db").exists()


def test_means_and_spreads_have_the_shape_of_a_seed_and_leave_out_what_is_missing() -> None:
    seeds = [
        {"seed": "0", "teacher": {"top1": 0.9, "per_source": {"a": 1.0}}, "enrol": {"20": {"new_top1": None}}},
        {"seed": "1", "teacher": {"top1": 0.7, "per_source": {"b": 0.5}}, "enrol": {"20": {"new_top1": None}}},
    ]
    mean, spread = over_seeds(seeds)
    assert mean["teacher"] == {"top1": pytest.approx(0.8), "per_source": {"a": 1.0, "b": 0.5}}
    assert spread["teacher"]["top1"] == pytest.approx(np.std([0.9, 0.7], ddof=1))
    assert mean["enrol"]["20"]["new_top1"] is None
    assert "seed" not in mean
    assert "percent" in markdown({}, {}, 2)
