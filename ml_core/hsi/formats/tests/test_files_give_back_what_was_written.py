"""Every format gives back the very values, types, wavelengths and places that another library wrote."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio
from scipy.io import loadmat, savemat

from ml_core.errors import FormatError
from ml_core.hsi.formats import open_scene
from ml_core.hsi.formats.scene_file import open_file
from ml_core.hsi.formats.tests import samples
from ml_core.hsi.formats.tests.samples import MAKERS, TRANSFORM, sample


@pytest.mark.parametrize("name", MAKERS)
def test_each_format_gives_back_cube_and_mask(tmp_path: Path, name: str) -> None:
    scene = open_scene(MAKERS[name](tmp_path / name))
    assert np.array_equal(scene.cube, sample().cube)
    has_mask = name.endswith((".npz", ".mat"))
    assert (scene.mask is not None) == has_mask
    if scene.mask is not None:
        assert scene.mask.dtype == np.uint8 and np.array_equal(scene.mask, sample().mask)
    assert scene.good_bands.all()


@pytest.mark.parametrize("name", ["plain.npz", "one.npy", "plain.mat", "contiguous.mat", "bsq.hdr", "bil.hdr"])
def test_what_lies_plain_in_a_file_is_mapped(tmp_path: Path, name: str) -> None:
    cube = open_scene(MAKERS[name](tmp_path / name)).cube
    while cube.base is not None and not isinstance(cube, np.memmap):
        cube = cube.base
    assert isinstance(cube, np.memmap)
    assert not cube.flags.writeable


@pytest.mark.parametrize("name", ["packed.npz", "packed.mat", "chunked.mat", "image.tif", "tiled.tif", "bil.hdr"])
def test_spooling_to_the_disk_gives_the_same_as_reading(tmp_path: Path, name: str) -> None:
    stored = open_file(MAKERS[name](tmp_path / name)).arrays[0]
    told: list[tuple[int, int]] = []
    spooled = stored.spool(tmp_path / "spool.npy", lambda done, total: told.append((done, total)))
    assert np.array_equal(spooled, stored.open())
    assert told and told[-1][0] == told[-1][1]


@pytest.mark.parametrize("dtype", sorted(samples.CODES))
@pytest.mark.parametrize("order", ["<", ">"])
def test_envi_reads_every_type_in_both_byte_orders(tmp_path: Path, dtype: str, order: str) -> None:
    cube = (sample().cube // (40 if dtype == "u1" else 1)).astype(dtype)
    path = samples.envi(tmp_path / "a.hdr", cube, order=order, dtype=dtype, interleave="bsq", offset=96)
    scene = open_scene(path)
    assert np.array_equal(scene.cube, cube)
    assert scene.cube.dtype == np.dtype(f"{order}{dtype}")


@pytest.mark.parametrize("dtype", ["f8", "f4", "i2", "u2", "u1", "i8", "u4"])
@pytest.mark.parametrize("packed", [True, False])
def test_matlab_types_are_read_as_scipy_reads_them(tmp_path: Path, dtype: str, packed: bool) -> None:
    cube = (sample().cube // 40).astype(dtype)
    savemat(tmp_path / "a.mat", {"x": cube, "note": "text", "n": 3.0}, do_compression=packed)
    scene = open_scene(tmp_path / "a.mat")
    expected = loadmat(tmp_path / "a.mat")["x"]
    assert scene.cube.dtype == expected.dtype and np.array_equal(scene.cube, expected)


def test_an_hdf5_file_that_matlab_did_not_write_is_taken_as_it_stands(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("group/cube", data=sample().cube)
    assert np.array_equal(open_scene(tmp_path / "a.h5").cube, sample().cube)


def test_fortran_order_and_foreign_byte_order_of_numpy_files(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.asfortranarray(sample().cube.astype(">i4")))
    assert np.array_equal(open_scene(tmp_path / "a.npy").cube, sample().cube)
    np.savez_compressed(tmp_path / "b.npz", x=np.asfortranarray(sample().cube.astype(">f8")))
    assert np.array_equal(open_scene(tmp_path / "b.npz").cube, sample().cube)


@pytest.mark.parametrize("factor, unit", [(1, "Nanometers"), (1e-3, "Micrometers"), (1e-3, ""), (1, "Unknown")])
def test_wavelengths_of_envi_come_in_nanometres(tmp_path: Path, factor: float, unit: str) -> None:
    wavelengths = sample().wavelengths
    assert wavelengths is not None
    listed = "{\n" + ",\n".join(f"{value * factor:.6f}" for value in wavelengths) + "\n}"
    path = samples.envi(tmp_path / "a.hdr", wavelength=listed, wavelength_units=unit)
    found = open_scene(path).wavelengths
    assert found is not None and np.allclose(found, wavelengths, atol=1e-2)


def test_bad_bands_sensor_and_place_of_envi(tmp_path: Path) -> None:
    bands = sample().shape[2]
    bbl = "{" + ", ".join(["0", *["1"] * (bands - 2), "0"]) + "}"
    path = samples.envi(
        tmp_path / "a.hdr", bbl=bbl, sensor_type="AVIRIS",
        map_info="{UTM, 3, 5, 500000, 4000000, 2.5, 2.5, 11, North, WGS-84, units=Meters}",
    )  # fmt: skip
    scene = open_scene(path)
    assert np.flatnonzero(~scene.good_bands).tolist() == [0, bands - 1]
    assert scene.sensor == "AVIRIS"
    assert scene.georeference is not None
    assert scene.georeference.transform == (2.5, 0.0, 499_995.0, 0.0, -2.5, 4_000_010.0)
    assert rasterio.crs.CRS.from_wkt(scene.georeference.crs).to_epsg() == 32611


def test_place_and_wavelengths_of_geotiff(tmp_path: Path) -> None:
    path = samples.geotiff(tmp_path / "a.tif")
    with rasterio.open(path, "r+") as image:
        for band in range(image.count):
            image.update_tags(band + 1, wavelength=str(0.4 + 0.01 * band), wavelength_units="Micrometers")
    scene = open_scene(path)
    assert scene.georeference is not None and scene.georeference.transform == tuple(TRANSFORM)[:6]
    assert rasterio.crs.CRS.from_wkt(scene.georeference.crs).to_epsg() == 32611
    assert scene.wavelengths is not None and np.allclose(scene.wavelengths[:2], [400, 410])


def test_wavelengths_that_lie_beside_the_cube_are_found(tmp_path: Path) -> None:
    samples.mat5(tmp_path / "a.mat", cube=sample().cube, wavelength=sample().wavelengths)
    found = open_scene(tmp_path / "a.mat").wavelengths
    assert found is not None and np.allclose(found, sample().wavelengths)


def test_the_data_file_may_be_named_instead_of_the_header(tmp_path: Path) -> None:
    for suffix in (".img", ".dat", ".raw", ".bsq", ""):
        folder = tmp_path / (suffix or "none")
        folder.mkdir()
        header = samples.envi(folder / "scene.hdr", suffix=suffix)
        assert np.array_equal(open_scene(header.with_suffix(suffix)).cube, sample().cube)
        assert np.array_equal(open_scene(folder).cube, sample().cube)


def test_a_name_says_nothing_about_the_format(tmp_path: Path) -> None:
    samples.npy(tmp_path / "a.npy").rename(tmp_path / "cube.dat")
    assert np.array_equal(open_scene(tmp_path / "cube.dat").cube, sample().cube)
    (tmp_path / "b.mat").write_bytes(b"no scene at all")
    with pytest.raises(FormatError) as caught:
        open_scene(tmp_path / "b.mat")
    assert caught.value.code == "hsi.unknown_format"
