"""What is exported is read back by this program and by others with the same values, place and wavelengths."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

from ml_core.errors import CodedError
from ml_core.hsi.export import (
    ground_position,
    regions_csv,
    write_envi,
    write_geotiff,
    write_npy,
    write_png,
    write_scene_envi,
)
from ml_core.hsi.formats import open_scene
from ml_core.hsi.formats.tests.samples import sample
from ml_core.hsi.scene import Georeference

PLACE = Georeference((3.5, 0.0, 470_000.25, 0.0, -3.5, 3_620_000.5), rasterio.crs.CRS.from_epsg(32611).to_wkt())
MAP = np.random.default_rng(0).normal(size=(24, 20)).astype(np.float32)


def test_a_map_as_geotiff_lies_where_the_scene_lies(tmp_path: Path) -> None:
    path = write_geotiff(MAP, tmp_path / "a.tif", georeference=PLACE, names=["combined"])
    with rasterio.open(path) as image:
        assert np.array_equal(image.read(1), MAP)
        assert tuple(image.transform)[:6] == PLACE.transform and image.crs.to_epsg() == 32611
        assert image.descriptions == ("combined",)


@pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "i4", "f4", "f8", "?", "f2", "i8"])
def test_a_cube_as_geotiff_comes_back(tmp_path: Path, dtype: str) -> None:
    cube = (sample().cube // 40).astype(dtype)
    write_geotiff(cube, tmp_path / "a.tif", wavelengths=sample().wavelengths)
    scene = open_scene(tmp_path / "a.tif")
    assert np.array_equal(scene.cube, cube)
    assert scene.wavelengths is not None and np.allclose(scene.wavelengths, sample().wavelengths, rtol=1e-5)


def test_a_scene_as_envi_comes_back_with_all_that_is_known(tmp_path: Path) -> None:
    good = np.ones(sample().shape[2], bool)
    good[[0, 7]] = False
    written = sample().__class__(
        "A {strange} name,\nx", sample().cube, None, sample().wavelengths, good, PLACE, "My = S"
    )
    header, data = write_scene_envi(written, tmp_path / "a.hdr")
    assert (header.name, data.name) == ("a.hdr", "a.img")
    scene = open_scene(header)
    assert np.array_equal(scene.cube, sample().cube)
    assert np.array_equal(scene.good_bands, good)
    assert scene.wavelengths is not None and np.allclose(scene.wavelengths, sample().wavelengths)
    assert scene.georeference is not None and scene.georeference.transform == PLACE.transform
    assert rasterio.crs.CRS.from_wkt(scene.georeference.crs).to_epsg() == 32611
    assert scene.sensor == "My = S"


def test_other_programs_read_the_envi_files(tmp_path: Path) -> None:
    _, data = write_envi(MAP, tmp_path / "a.hdr", georeference=PLACE, names=["combined"])
    with rasterio.open(data, driver="ENVI") as image:
        assert np.array_equal(image.read(1), MAP)
        assert np.allclose(tuple(image.transform)[:6], PLACE.transform) and image.crs.to_epsg() == 32611


def test_what_envi_cannot_say_is_refused(tmp_path: Path) -> None:
    sheared = Georeference((3.0, 0.5, 0.0, 0.5, -3.0, 0.0))
    for values, place in ((MAP, sheared), (MAP > 0, None)):
        with pytest.raises(CodedError) as caught:
            write_envi(values, tmp_path / "a.hdr", georeference=place)
        assert caught.value.code == "hsi.export"
    assert tuple(rasterio.open(write_geotiff(MAP, tmp_path / "a.tif", georeference=sheared)).transform)[:6] == (
        sheared.transform
    )


def test_maps_as_numpy_and_png(tmp_path: Path) -> None:
    assert np.array_equal(np.load(write_npy(MAP, tmp_path / "a.npy")), MAP)
    with Image.open(write_png(MAP, tmp_path / "a.png", colours="inferno")) as image:
        assert image.size == (20, 24)


def test_regions_get_their_place_on_the_ground_and_no_formulas() -> None:
    regions = [
        {"row": 2, "column": 3, "score": -1.5, "name": "=HYPERLINK(1)", "spectrum": [1, 2]},
        {"row": 0, "column": 0, "score": 2.0, "name": " +1", "spectrum": []},
        {"row": 0, "column": 1, "score": 2.0, "name": 'say "x", y', "spectrum": []},
    ]
    rows = list(csv.DictReader(io.StringIO(regions_csv(regions, PLACE))))
    assert rows[0] == {"row": "2", "column": "3", "score": "-1.5", "name": "'=HYPERLINK(1)", "x": "470012.5",
                       "y": "3619991.75"}  # fmt: skip
    assert rows[1]["name"].startswith("'") and rows[2]["name"] == 'say "x", y'
    assert ground_position(PLACE, -0.5, -0.5) == (470_000.25, 3_620_000.5)
    assert regions_csv([], columns=("id", "row")) == "id,row\r\n"


def test_places_in_degrees_keep_their_decimals() -> None:
    degrees = Georeference((3e-5, 0.0, 11.123456, 0.0, -3e-5, 48.0), "EPSG:4326")
    row = next(csv.DictReader(io.StringIO(regions_csv([{"row": 0, "column": 1}], degrees))))
    assert float(row["x"]) == pytest.approx(11.123501, abs=1e-8)
