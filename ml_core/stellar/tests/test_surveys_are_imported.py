"""An import makes a whole survey folder or none, reports on every star, and leaves what came in as it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ml_core.errors import CodedError, FormatError, UnsafeFileError
from ml_core.run.cli import main
from ml_core.run.control import RunStopped
from ml_core.run.registry import get_recipe
from ml_core.stellar.import_check import separation_arcsec
from ml_core.stellar.import_config import ImportSurveyConfig
from ml_core.stellar.import_survey import make_survey_folder
from ml_core.stellar.survey import open_survey


class Reporter:
    """Keeps what it is told; stops at a stage when asked to."""

    def __init__(self, stop_at: str = "") -> None:
        self.lines: list[tuple[str, str]] = []
        self.stop_at, self.is_stopped = stop_at, False

    def log(self, message: str, level: Any = "info") -> None:
        self.lines.append((level, message))

    def progress(self, done: float, total: float | None, unit: str = "items", stage: str = "") -> None:
        self.is_stopped = self.is_stopped or stage == self.stop_at

    def raise_if_requested(self) -> None:
        if self.is_stopped:
            raise RunStopped


def make(tmp_path: Path, run: Reporter | None = None, **values: Any) -> dict[str, Any]:
    config = ImportSurveyConfig(target=str(tmp_path / "out" / "survey"), **{k: str(v) for k, v in values.items()})
    return make_survey_folder(config, run or Reporter())


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def test_a_folder_in_the_layout_of_the_specification_is_imported(survey_folder: Path, tmp_path: Path) -> None:
    before = listing(survey_folder)
    report = make(tmp_path, source=survey_folder)
    assert listing(survey_folder) == before
    assert report["stars"] == report["complete"] == report["with_spectrum"] == report["with_image"] == 20
    assert report["classes"] == dict.fromkeys(("M0", "M1", "M2", "M3", "M4"), 4) and not report["stars_left_out"]
    assert sum(report["sn_groups"].values()) == 20
    survey = open_survey(tmp_path / "out" / "survey")
    assert len(survey.complete) == 20 and [path.name for path in (tmp_path / "out").iterdir()] == ["survey"]
    assert [star.name for star in survey.objects] == [star.name for star in open_survey(survey_folder).objects]
    rows = (survey.folder / "measurements.csv").read_text().splitlines()
    assert len(rows) == 21 and rows[1].startswith(survey.objects[0].name + ",M0,1,1,")


@pytest.mark.parametrize("inner", ["", "my survey"])
def test_an_archive_is_imported_with_or_without_a_folder_inside(
    survey_folder: Path, tmp_path: Path, inner: str
) -> None:
    root = survey_folder if not inner else survey_folder.parent / "around"
    if inner:
        root.mkdir()
        survey_folder.rename(root / inner)
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", root)
    assert make(tmp_path, source=packed)["complete"] == 20
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["survey"]


def test_an_archive_that_leads_out_is_refused_as_a_whole(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as packed:
        packed.writestr("objects.csv", "name,plate,mjd,fiberID\n1,2,3,4\n")
        packed.writestr("../../evil.txt", "x")
    with pytest.raises(UnsafeFileError):
        make(tmp_path, source=tmp_path / "evil.zip")
    assert list((tmp_path / "out").iterdir()) == []


def test_parts_may_lie_in_different_places_and_be_linked(survey_folder: Path, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in (survey_folder / "spectra").rglob("*.fits"):
        path.rename(flat / path.name)
    report = make(tmp_path, catalogue=survey_folder / "objects.csv", spectra=flat, images=survey_folder / "images",
                  files="link")  # fmt: skip
    assert report["complete"] == 20
    survey = open_survey(tmp_path / "out" / "survey")
    assert survey.spectra[survey.objects[6].name].is_symlink()
    assert survey.spectra[survey.objects[6].name].parent.name == "M1"


def test_files_under_other_names_find_their_star(survey_folder: Path, tmp_path: Path) -> None:
    survey = open_survey(survey_folder)
    first, second, third = survey.objects[:3]
    survey.spectra[first.name].rename(survey_folder / "spectra" / "my star.fits")
    Image.open(survey.images[second.name]).save(survey_folder / "images" / f"{second.name}.png")
    survey.images[second.name].unlink()
    survey.spectra[third.name].rename(survey_folder / "spectra" / "spec-0300-52000-0001.fits")
    report = make(tmp_path, source=survey_folder)
    assert set(report["stars_left_out"]) == {third.name}
    taken = open_survey(tmp_path / "out" / "survey")
    assert taken.spectra[first.name].name == first.spectrum_file and second.name in taken.images


def test_a_catalogue_alone_is_a_survey_too(survey_folder: Path, tmp_path: Path) -> None:
    report = make(tmp_path, source=survey_folder / "objects.csv")
    assert (report["stars"], report["complete"]) == (20, 0)


def test_every_fault_has_its_star_and_its_reason(survey_folder: Path, tmp_path: Path) -> None:
    survey = open_survey(survey_folder)
    stars = survey.objects
    survey.spectra[stars[0].name].write_text("<!DOCTYPE html><html></html>")
    cut = survey.spectra[stars[1].name]
    cut.write_bytes(cut.read_bytes()[:40_000])
    survey.spectra[stars[2].name].unlink()
    survey.images[stars[3].name].write_bytes(b"no picture")
    survey.images[stars[4].name].unlink()
    Image.new("L", (200, 100)).save(survey.images[stars[5].name])
    shutil.copyfile(survey.spectra[stars[7].name], survey.spectra[stars[6].name])
    (survey_folder / "spectra" / "M0" / "spec-9999-55555-0001.fits").write_bytes(b"")
    report = make(tmp_path, source=survey_folder)
    assert set(report["stars_left_out"]) == {star.name for star in stars[:5]}
    reasons = [report["stars_left_out"][star.name] for star in stars[:5]]
    for reason, word in zip(reasons, ("web page", "cut short", "missing", "not an image", "missing"), strict=True):
        assert word in reason
    found = {finding["code"]: finding["count"] for finding in report["findings"]}
    assert found["spectrum.not_fits"] == found["spectrum.truncated"] == found["unused_spectra"] == 1
    assert found["image_repaired"] == 1 and found["image.unknown_format"] == 1
    assert found["other_fiber"] == found["other_position"] == found["subclass_differs"] == 1
    opened = open_survey(tmp_path / "out" / "survey")
    assert opened.left_out == report["stars_left_out"] and len(opened.complete) == 15


def test_what_is_wrong_in_the_catalogue_stands_in_the_report(survey_folder: Path, tmp_path: Path) -> None:
    path = survey_folder / "objects.csv"
    lines = path.read_text().splitlines()
    broken = lines[1].split(",")
    broken[1], broken[7] = "720", "9999"
    path.write_text("\n".join([lines[0], ",".join(broken), *lines[2:], lines[3]]) + "\n")
    run = Reporter()
    report = make(tmp_path, run, source=survey_folder)
    assert (report["catalogue"]["rows"], report["catalogue"]["kept"]) == (21, 20)
    codes = {finding["code"] for finding in report["findings"]}
    assert {"duplicates", "positions_out_of_range", "bad_magnitudes"} <= codes
    assert any(level == "warning" and "repeat a star" in line for level, line in run.lines)


def test_a_stopped_import_leaves_nothing(survey_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RunStopped):
        make(tmp_path, Reporter(stop_at="check"), source=survey_folder)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_finished_import_is_kept_and_another_folder_is_not_touched(survey_folder: Path, tmp_path: Path) -> None:
    first = make(tmp_path, source=survey_folder)
    assert make(tmp_path, source=tmp_path / "nowhere") == first
    (tmp_path / "mine").mkdir()
    with pytest.raises(CodedError) as caught:
        make_survey_folder(ImportSurveyConfig(source=str(survey_folder), target=str(tmp_path / "mine")), Reporter())
    assert caught.value.code == "survey.target_exists"


def test_sources_that_lack_something_are_refused(survey_folder: Path, tmp_path: Path) -> None:
    for values, code in (({}, "survey.no_catalogue"), ({"source": tmp_path / "nowhere"}, "survey.missing"),
                         ({"source": survey_folder / "spectra"}, "survey.no_catalogue")):  # fmt: skip
        with pytest.raises(FormatError) as caught:
            make(tmp_path, **values)
        assert caught.value.code == code
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", survey_folder)
    with pytest.raises(CodedError) as refused:
        make(tmp_path, source=packed, files="link")
    assert refused.value.code == "survey.link_archive"
    with pytest.raises(CodedError) as full:
        make(tmp_path, source=survey_folder, reserve_gb=9999)
    assert full.value.code == "disk.full"


def test_the_recipe_runs_from_the_command_line_on_a_simulated_survey(tmp_path: Path) -> None:
    out = tmp_path / "run"
    status = main(["stellar.import", "--out", str(out), "--set", "sample=simulated", "--set", "stars=6", "--set",
                   f"target={tmp_path / 'survey'}"])  # fmt: skip
    assert status == 0
    result = json.loads((out / "result.json").read_text())
    assert result["metrics"]["stars"] == 6 and result["metrics"]["complete"] == 6
    assert json.loads((out / "artifacts" / "report.json").read_text())["complete"] == 6
    assert get_recipe("stellar.import").queue == "io"


def test_angles_between_positions_are_right() -> None:
    assert separation_arcsec(10.0, 60.0, 10.0, 60.001) == pytest.approx(3.6)
    assert separation_arcsec(359.9995, 60.0, 0.0005, 60.0) == pytest.approx(1.8, rel=1e-3)
    assert separation_arcsec(float("nan"), 0.0, 1.0, 1.0) == 0.0
