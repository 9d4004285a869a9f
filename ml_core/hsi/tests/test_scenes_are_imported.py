"""An import makes a whole scene folder or none, says what it found and changed, and leaves what came in as it was."""

from __future__ import annotations

import json
import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from ml_core.errors import CodedError, ConfigError, FormatError
from ml_core.hsi import scene_folder
from ml_core.hsi.formats import open_scene
from ml_core.hsi.formats.tests import samples
from ml_core.hsi.formats.tests.samples import MAKERS, sample
from ml_core.hsi.import_config import ImportSceneConfig
from ml_core.hsi.import_scene import import_scene, make_scene_folder
from ml_core.run.cli import main
from ml_core.run.control import RunStopped
from ml_core.run.files import sha256_file
from ml_core.run.registry import get_recipe


class Reporter:
    """Keeps what it is told; stops at a stage when asked to."""

    def __init__(self, stop_at: str = "") -> None:
        self.lines: list[tuple[str, str]] = []
        self.stages: list[tuple[str, float, float | None]] = []
        self.stop_at, self.is_stopped = stop_at, False

    def log(self, message: str, level: Any = "info") -> None:
        self.lines.append((level, message))

    def progress(self, done: float, total: float | None, unit: str = "items", stage: str = "") -> None:
        self.stages.append((stage, done, total))
        self.is_stopped = self.is_stopped or stage == self.stop_at

    def raise_if_requested(self) -> None:
        if self.is_stopped:
            raise RunStopped


def make(tmp_path: Path, source: Path | str, run: Reporter | None = None, **values: Any) -> dict[str, Any]:
    config = ImportSceneConfig(source=str(source), target=str(tmp_path / "out" / "scene"), **values)
    return make_scene_folder(config, run or Reporter())


def codes(facts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["code"]: entry for entry in facts["findings"]}


@pytest.mark.parametrize("name", MAKERS)
def test_each_format_becomes_the_same_scene_folder(tmp_path: Path, name: str) -> None:
    source = MAKERS[name](tmp_path / name)
    before = sha256_file(source)
    run = Reporter()
    facts = make(tmp_path, source, run)
    folder = tmp_path / "out" / "scene"
    scene = open_scene(folder)
    assert np.array_equal(scene.cube, sample().cube) and scene.cube.dtype == np.uint16
    assert (folder / "cube.npy").stat().st_size == 128 + sample().cube.nbytes
    assert (scene.mask is not None) == facts["has_mask"]
    assert facts["fingerprint"] == make(tmp_path / "again", samples.npy(tmp_path / "x.npy"))["fingerprint"]
    assert sha256_file(source) == before
    assert {stage for stage, _, _ in run.stages} >= {"copy", "measure"}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["scene"]
    assert (folder / "preview.png").read_bytes().startswith(b"\x89PNG")


def test_statistics_are_those_of_the_cube(tmp_path: Path) -> None:
    make(tmp_path, samples.npz(tmp_path / "a.npz"))
    told = json.loads((tmp_path / "out" / "scene" / "statistics.json").read_text())
    values = sample().cube.reshape(-1, sample().shape[2]).astype(float)
    assert np.allclose(told["mean"], values.mean(0), rtol=1e-5)
    assert np.allclose(told["std"], values.std(0), rtol=1e-5)
    assert told["min"] == values.min(0).tolist() and told["max"] == values.max(0).tolist()
    assert np.allclose(told["quantiles"]["0.5"], np.quantile(values, 0.5, axis=0, method="nearest"), atol=2)
    assert all(sum(counts) == len(values) for counts in told["histogram"]["counts"])
    assert told["sampled_pixels"] == len(values)


def test_the_noise_of_bands_is_about_right(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(40, 40, 3)) @ np.sin(np.outer([1, 2, 3], np.linspace(0, 3, 30)))
    cube = 100 + 10 * signal + rng.normal(scale=0.5, size=signal.shape)
    make(tmp_path, samples.npz(tmp_path / "a.npz", cube=cube))
    noise = json.loads((tmp_path / "out" / "scene" / "statistics.json").read_text())["noise"]
    assert 0.4 < np.median(noise) < 0.8  # the neighbours' own noise comes on top


def test_missing_pixels_are_interpolated_marked_and_said(tmp_path: Path) -> None:
    cube = sample().cube.astype(np.float32)
    cube[3, 4, 10] = np.nan
    cube[5, 6, 0] = np.inf
    cube[7, 8] = np.nan
    cube[..., 20] = np.nan
    source = samples.npz(tmp_path / "a.npz", cube=cube, gt=sample().mask)
    facts = make(tmp_path, source)
    scene = open_scene(tmp_path / "out" / "scene")
    assert np.isfinite(scene.cube).all()
    assert np.flatnonzero(~scene.good_bands).tolist() == [20]
    assert scene.cube[3, 4, 10] == pytest.approx((float(cube[3, 4, 9]) + float(cube[3, 4, 11])) / 2)
    assert scene.cube[5, 6, 0] == cube[5, 6, 1]
    assert scene.invalid is not None and np.argwhere(scene.invalid).tolist() == [[7, 8]]
    beside = [scene.cube[row, column] for row, column in ((6, 8), (8, 8), (7, 7), (7, 9))]
    assert any(np.array_equal(scene.cube[7, 8], spectrum) for spectrum in beside)
    found = codes(facts)
    assert found["missing_bands"]["bands"] == [20]
    assert found["repaired_pixels"]["positions"] == [[3, 4], [5, 6]]
    assert found["invalid_pixels"]["positions"] == [[7, 8]]
    kept = np.isfinite(cube)
    assert np.array_equal(np.asarray(scene.cube)[kept], cube[kept])
    # The same scene opened without an import is repaired alike.
    assert np.array_equal(open_scene(source).cube, scene.cube)
    assert np.array_equal(open_scene(source).invalid, scene.invalid)


def test_values_that_stand_for_nothing_are_repaired_like_nan(tmp_path: Path) -> None:
    cube = sample().cube.astype(np.int16)
    cube[:3] = -9999
    facts = make(tmp_path, samples.envi(tmp_path / "a.hdr", cube, data_ignore_value=-9999))
    assert codes(facts)["invalid_pixels"]["count"] == 60
    assert int(open_scene(tmp_path / "out" / "scene").cube.min()) >= 0


def test_constant_noisy_negative_and_saturated_values_are_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    cube = sample().cube.astype(np.int32)
    cube[..., 4] = 77
    cube[..., 9] = rng.integers(0, 4000, cube.shape[:2])
    cube[0, :2, 14] = -5
    cube = np.minimum(cube, int(np.quantile(cube, 0.995)))
    facts = make(tmp_path, samples.npz(tmp_path / "a.npz", cube=cube), bad_bands=[2])
    found = codes(facts)
    assert found["constant_bands"]["bands"] == [4]
    assert found["suspected_bad_bands"]["bands"] == [9]
    assert found["listed_bad_bands"]["bands"] == [2]
    assert found["negative_values"]["count"] == 2
    assert found["saturated"]["count"] == int(np.sum(cube == cube.max()))
    assert facts["bad_bands"] == [2, 4]


def test_a_plain_scene_has_no_findings(tmp_path: Path) -> None:
    assert make(tmp_path, "", sample="simulated")["findings"] == []


@pytest.mark.parametrize("value, word", [(0, "0 everywhere"), (7, "constant"), (np.nan, "no value")])
def test_a_cube_with_nothing_in_it_is_refused(tmp_path: Path, value: float, word: str) -> None:
    source = samples.npz(tmp_path / "a.npz", cube=np.full((24, 20, 30), value, np.float32))
    with pytest.raises(FormatError, match=word) as caught:
        make(tmp_path, source)
    assert caught.value.code == "hsi.nothing" and caught.value.hint
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_scene_smaller_than_a_patch_is_said(tmp_path: Path) -> None:
    facts = make(tmp_path, samples.npz(tmp_path / "a.npz", cube=sample().cube[:7, :9]))
    assert "7 x 9" in codes(facts)["tiny_scene"]["message"]


def test_a_doubled_scene_is_found_whatever_its_format(tmp_path: Path) -> None:
    make(tmp_path, samples.npz(tmp_path / "a.npz"), name="first")
    other = tmp_path / "two"
    facts = make(other, samples.envi(tmp_path / "b.hdr"), compare=[str(tmp_path / "out" / "scene"), "/nowhere"])
    assert "first" in codes(facts)["doubled_scene"]["message"]


def test_a_full_disk_is_told_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = samples.npz_plain(tmp_path / "a.npz")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(CodedError) as caught:
        make(tmp_path, source, reserve_gb=0.0)
    assert caught.value.code == "disk.full" and "GB are free" in caught.value.message
    assert not (tmp_path / "out").exists()
    monkeypatch.undo()
    with pytest.raises(CodedError):
        make(tmp_path, source, reserve_gb=9_999.0)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("stage", ["copy", "measure", "repair"])
def test_a_cancelled_import_leaves_nothing_behind(tmp_path: Path, stage: str) -> None:
    cube = sample().cube.astype(np.float32)
    cube[0, 0, 0] = np.nan
    with pytest.raises(RunStopped):
        make(tmp_path, samples.npz(tmp_path / "a.npz", cube=cube), Reporter(stop_at=stage))
    assert list((tmp_path / "out").iterdir()) == []
    assert make(tmp_path, tmp_path / "a.npz")["shape"] == list(cube.shape)


def test_a_folder_that_is_there_is_kept(tmp_path: Path) -> None:
    first = make(tmp_path, samples.npz(tmp_path / "a.npz"), name="first")
    assert make(tmp_path, tmp_path / "a.npz", name="second") == first


def test_a_cube_is_mapped_where_it_lies(tmp_path: Path) -> None:
    source = samples.envi(tmp_path / "a.hdr", interleave="bsq", order=">")
    make(tmp_path, source, copy_cube="in_place")
    folder = tmp_path / "out" / "scene"
    assert not (folder / "cube.npy").exists()
    assert np.array_equal(open_scene(folder).cube, sample().cube)
    samples.envi(tmp_path / "a.hdr", sample().cube[:20])
    with pytest.raises(FormatError) as caught:
        open_scene(folder)
    assert caught.value.code == "hsi.source_changed"
    (tmp_path / "a.img").unlink()
    with pytest.raises(FormatError) as caught:
        open_scene(folder)
    assert caught.value.code == "hsi.source_gone"


def test_what_cannot_be_mapped_or_must_be_repaired_needs_a_copy(tmp_path: Path) -> None:
    cube = sample().cube.astype(np.float32)
    cube[2, 2, 2] = np.nan
    np.save(tmp_path / "b.npy", cube)
    for source in (samples.npz(tmp_path / "a.npz"), tmp_path / "b.npy"):
        with pytest.raises(FormatError) as caught:
            make(tmp_path, source, copy_cube="in_place")
        assert caught.value.code == "hsi.needs_copy"
    assert np.isnan(np.load(tmp_path / "b.npy")[2, 2, 2])


def test_an_archive_of_several_files_is_unpacked(tmp_path: Path) -> None:
    header = samples.envi(tmp_path / "scene.hdr")
    mask = samples.npz(tmp_path / "gt.npz", gt=sample().mask)
    files = {f"deep/{path.name}": path.read_bytes() for path in (header, header.with_suffix(".img"), mask)}
    facts = make(tmp_path, samples.zipped(tmp_path / "a.zip", files))
    assert facts["anomaly_pixels"] == int(np.sum(sample().mask))
    assert np.array_equal(open_scene(tmp_path / "out" / "scene").cube, sample().cube)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["scene"]
    with pytest.raises(CodedError) as caught:
        make(tmp_path / "2", samples.zipped(tmp_path / "b.zip", {"../evil.hdr": b"ENVI"}))
    assert caught.value.code == "archive.path_escape"


def test_what_a_person_says_wins(tmp_path: Path) -> None:
    bands = sample().shape[2]
    wavelengths = np.linspace(500, 900, bands).tolist()
    source = samples.npz(tmp_path / "a.npz", cube=sample().cube, gt=sample().mask)
    facts = make(tmp_path, source, name="Mine", sensor="Own", wavelengths=wavelengths, domain_id=3, use_mask=False)
    scene = open_scene(tmp_path / "out" / "scene")
    assert (scene.name, scene.sensor, scene.domain_id, scene.mask) == ("Mine", "Own", 3, None)
    assert scene.wavelengths is not None and np.allclose(scene.wavelengths, wavelengths)
    assert facts["anomaly_pixels"] is None
    for wrong in ({"wavelengths": [1.0]}, {"bad_bands": [bands]}, {"bad_bands": [-1]}):
        with pytest.raises(ConfigError):
            make(tmp_path / "2", source, **wrong)


def test_the_place_on_the_ground_comes_along(tmp_path: Path) -> None:
    make(tmp_path, samples.geotiff(tmp_path / "a.tif"))
    place = open_scene(tmp_path / "out" / "scene").georeference
    assert place is not None and place.transform == tuple(samples.TRANSFORM)[:6]
    assert rasterio.crs.CRS.from_wkt(place.crs).to_epsg() == 32611


def test_a_damaged_scene_folder_is_told(tmp_path: Path) -> None:
    make(tmp_path, samples.npz(tmp_path / "a.npz"))
    folder = tmp_path / "out" / "scene"
    whole = (folder / "cube.npy").read_bytes()
    for content in (b"", whole[:2000]):
        (folder / "cube.npy").write_bytes(content)
        with pytest.raises(FormatError) as caught:
            open_scene(folder)
        assert caught.value.code == "hsi.scene_damaged"
    (folder / "scene.json").write_text("{}")
    with pytest.raises(FormatError):
        open_scene(folder)


def test_a_scene_is_written_and_read_back(tmp_path: Path) -> None:
    scene_folder.write_scene_folder(sample(), tmp_path / "s", extra={"findings": []})
    scene = open_scene(tmp_path / "s", name="other")
    assert np.array_equal(scene.cube, sample().cube) and np.array_equal(scene.mask, sample().mask)
    assert scene.georeference == sample().georeference and scene.name == "other"


def test_large_arrays_in_foreign_order_go_over_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml_core.hsi.scene_source._TURNED_IN_MEMORY_BYTES", 0)
    for name in ("packed.mat", "chunked.mat"):
        make(tmp_path / name, MAKERS[name](tmp_path / name.replace(".", "-")))
        folder = tmp_path / name / "out" / "scene"
        assert np.array_equal(open_scene(folder).cube, sample().cube)
        assert not (folder / "spool.npy").exists()


class Run(Reporter):
    """A run's context as far as the recipe needs it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder, self.artifacts, self.fingerprint = folder, [], ""

    def artifact_path(self, name: str) -> Path:
        self.folder.mkdir(exist_ok=True)
        return self.folder / name

    def artifact(self, path: Path) -> None:
        self.artifacts.append(path.name)

    def data_fingerprint(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint


def test_the_recipe_reports_its_artifacts(tmp_path: Path) -> None:
    run = Run(tmp_path / "artifacts")
    config = ImportSceneConfig(source=str(samples.npz(tmp_path / "a.npz")), target=str(tmp_path / "scene"))
    result = import_scene(config, run)  # type: ignore[arg-type]
    assert run.artifacts == ["preview.png", "statistics.json"]
    assert result["scene"]["fingerprint"] == run.fingerprint
    assert result["metrics"]["bands"] == sample().shape[2]


def test_an_import_from_the_command_line(tmp_path: Path) -> None:
    source = samples.npz(tmp_path / "a.npz")
    arguments = ["--set", f"source={source}", "--set", f"target={tmp_path / 'scene'}", "--out", str(tmp_path / "run")]
    assert main(["hsi.import", *arguments]) == 0
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["scene"]["anomaly_pixels"] == int(np.sum(sample().mask))
    assert (tmp_path / "run" / "artifacts" / "preview.png").is_file()
    arguments[1], arguments[3], arguments[5] = f"source={tmp_path}/gone", f"target={tmp_path}/s2", f"{tmp_path}/2"
    assert main(["hsi.import", *arguments]) == 1
    result = json.loads((tmp_path / "2" / "result.json").read_text())
    assert (result["error"]["code"], result["cause"]) == ("import.source_missing", "data")


def test_the_form_of_an_import_describes_every_field() -> None:
    described = get_recipe("hsi.import").describe()
    assert described["queue"] == "io"
    assert all(entry.get("description") for entry in described["schema"]["properties"].values())
