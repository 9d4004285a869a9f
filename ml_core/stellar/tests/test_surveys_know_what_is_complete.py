"""A survey says which stars can be used, why the others cannot, and hands them out as arrays read only once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml_core.errors import FormatError
from ml_core.stellar import survey_arrays
from ml_core.stellar.images.reading import read_image
from ml_core.stellar.spectra.resample import to_grid
from ml_core.stellar.spectra.sdss import read_spectrum
from ml_core.stellar.survey import REJECTED, open_survey, read_rejected, write_rejected
from ml_core.stellar.survey_arrays import read_faults


def test_a_whole_survey_is_complete(survey_folder: Path) -> None:
    survey = open_survey(survey_folder)
    assert len(survey.complete) == 20 and not survey.left_out
    assert all(isinstance(star.name, str) and int(star.name) > 2**53 for star in survey.objects)


def test_each_star_left_out_has_its_reason(survey_folder: Path) -> None:
    survey = open_survey(survey_folder)
    first, second, third = survey.objects[:3]
    survey.spectra[first.name].unlink()
    survey.images[second.name].unlink()
    survey.spectra[third.name].unlink()
    survey.images[third.name].unlink()
    survey = open_survey(survey_folder)
    assert set(survey.left_out) == {first.name, second.name, third.name} and len(survey.complete) == 17
    assert first.spectrum_file in survey.left_out[first.name] and "picture" not in survey.left_out[first.name]
    assert f"{second.name}_image.jpg" in survey.left_out[second.name]
    assert set(survey.left_out_of("spectrum")) == {first.name, third.name}
    assert set(survey.left_out_of("image")) == {second.name, third.name}
    assert set(survey.left_out_of("any")) == {third.name}


def test_pictures_that_a_person_rejected_are_not_used_but_kept(survey_folder: Path) -> None:
    name = open_survey(survey_folder).objects[3].name
    write_rejected(survey_folder, [name])
    survey = open_survey(survey_folder)
    assert survey.left_out == {name: REJECTED} and not survey.left_out_of("spectrum")
    assert read_rejected(survey_folder) == {name} and list((survey_folder / "images").rglob(f"{name}_image.jpg"))
    write_rejected(survey_folder, [])
    assert len(open_survey(survey_folder).complete) == 20


def test_stars_of_other_classes_do_not_train_but_can_be_classified(survey_folder: Path) -> None:
    path = survey_folder / "objects.csv"
    path.write_text(path.read_text().replace(",M0,", ",G2,", 1))
    survey = open_survey(survey_folder)
    assert list(survey.left_out.values()) == ['The subclass "G2" is none of M0..M4.']
    assert not survey.left_out_of("both", labelled=False)
    arrays = survey.arrays(survey_folder.parent / "cache", labelled=False)
    assert sorted(arrays["label"])[0] == -1 and len(arrays["label"]) == 20


def test_files_are_found_under_another_class(survey_folder: Path) -> None:
    survey = open_survey(survey_folder)
    path = survey.spectra[survey.objects[0].name]
    path.rename(survey_folder / "spectra" / "M3" / path.name)
    assert len(open_survey(survey_folder).complete) == 20


def test_arrays_hold_what_the_files_hold(survey_folder: Path) -> None:
    survey = open_survey(survey_folder)
    arrays = survey.arrays(survey_folder.parent / "cache")
    assert arrays["flux"].shape == (20, 3522) and arrays["image"].shape == (20, 128, 128, 3)
    assert all(isinstance(values, np.memmap) for values in arrays.values())
    assert arrays["name"].tolist() == [star.name for star in survey.objects]
    for index in (0, 7):
        star = survey.objects[index]
        read = read_spectrum(survey.spectra[star.name])
        grid = to_grid(read)
        assert np.array_equal(arrays["flux"][index], grid.flux) and np.array_equal(arrays["ivar"][index], grid.ivar)
        assert arrays["sn"][index] == np.float32(read.sn_median) and arrays["label"][index] == star.label
        assert np.array_equal(arrays["image"][index], read_image(survey.images[star.name]).pixels)
        assert np.allclose(arrays["magnitudes"][index], star.magnitudes)


def test_arrays_are_read_once_and_again_after_a_change(survey_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = survey_folder.parent / "cache"
    seen: list[int] = []
    survey = open_survey(survey_folder)
    survey.arrays(cache, progress=lambda done, total: seen.append(done))
    assert seen == list(range(1, 21))
    monkeypatch.setattr(survey_arrays, "read_star", None)
    survey.arrays(cache)
    monkeypatch.undo()
    Image.new("RGB", (128, 128), (9, 9, 9)).save(survey.images[survey.objects[0].name])
    arrays = open_survey(survey_folder).arrays(cache)
    assert arrays["image"][0].max() == 9


def test_damaged_files_leave_their_star_out_and_are_named(survey_folder: Path) -> None:
    survey = open_survey(survey_folder)
    first, second = survey.objects[0], survey.objects[1]
    survey.spectra[first.name].write_text("<html>not found</html>")
    survey.images[second.name].write_bytes(b"nothing")
    survey = open_survey(survey_folder)
    cache = survey_folder.parent / "cache"
    assert len(survey.arrays(cache)["name"]) == 18
    faults = read_faults(survey, cache, "both")
    assert set(faults) == {first.name, second.name} and "web page" in faults[first.name]
    either = survey.arrays(cache, "any")
    assert either["has_spectrum"].sum() == 19 and either["has_image"].sum() == 19 and len(either["name"]) == 20
    assert not either["flux"][0].any() and either["sn"][0] == 0
    assert [path.name for path in cache.iterdir() if path.name.startswith(".")] == []


def test_a_survey_without_anything_usable_says_why(survey_folder: Path) -> None:
    for path in (survey_folder / "spectra").rglob("*.fits"):
        path.unlink()
    survey = open_survey(survey_folder)
    with pytest.raises(FormatError, match="spec-") as caught:
        survey.arrays(survey_folder.parent / "cache")
    assert caught.value.code == "survey.nothing_usable"
    assert len(survey.arrays(survey_folder.parent / "cache", "image")["name"]) == 20


@pytest.mark.parametrize("name, code", [("nowhere", "survey.missing"), ("", "survey.no_catalogue")])
def test_a_folder_that_is_no_survey_is_refused(tmp_path: Path, name: str, code: str) -> None:
    with pytest.raises(FormatError) as caught:
        open_survey(tmp_path / name)
    assert caught.value.code == code
