"""Nothing is unpickled, inflated without bound, followed elsewhere or mapped beyond its end; every fault has a code."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio
from scipy.io import savemat

from ml_core.errors import CodedError, FormatError, UnsafeFileError
from ml_core.hsi.formats import inspect_scene, open_scene
from ml_core.hsi.formats.scene_file import open_file
from ml_core.hsi.formats.tests import samples
from ml_core.hsi.formats.tests.samples import MAKERS, npy_header, sample, zipped


class Harm:
    """Would create a file if anybody unpickled it."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.path, "w")


def code_of(path: Path, **options: str) -> str:
    with pytest.raises(CodedError) as caught:
        open_scene(path, **options)
    return caught.value.code


def test_pickles_are_never_read(tmp_path: Path) -> None:
    harm = np.array([Harm(tmp_path / "harmed")] * 8, object).reshape(2, 2, 2)
    np.save(tmp_path / "a.npy", harm, allow_pickle=True)
    np.savez(tmp_path / "b.npz", cube=harm)
    np.savez_compressed(tmp_path / "c.npz", x=harm, cube=sample().cube)
    assert code_of(tmp_path / "a.npy") == "hsi.no_cube"
    assert code_of(tmp_path / "b.npz") == "hsi.no_cube"
    assert code_of(tmp_path / "c.npz", cube_key="x") == "hsi.key_unknown"
    assert np.array_equal(open_scene(tmp_path / "c.npz").cube, sample().cube)
    assert not (tmp_path / "harmed").exists()
    said = inspect_scene(tmp_path / "c.npz").as_dict()["files"][0]["arrays"][0]["refusal"]
    assert "pickle" in said


def test_records_texts_and_complex_numbers_are_no_cubes(tmp_path: Path) -> None:
    for values in (np.zeros((4, 5, 6), "U3"), np.zeros((4, 5, 6), complex), np.zeros((4, 5, 6), [("a", "f4")]),
                   np.zeros((4, 5, 6), "M8[s]"), np.zeros((4, 5, 6), bool)):  # fmt: skip
        np.save(tmp_path / "a.npy", values)
        assert code_of(tmp_path / "a.npy") == "hsi.no_cube"


@pytest.mark.parametrize("shape", [(10**6, 10**6, 10**6), (2**63, 2, 2), (-1, 5, 5), (10**30, 1, 1)])
def test_a_huge_declared_shape_costs_nothing(tmp_path: Path, shape: tuple[int, ...]) -> None:
    header = npy_header(shape)
    (tmp_path / "a.npy").write_bytes(header + b"\0" * 100)
    assert code_of(tmp_path / "a.npy") in ("hsi.truncated", "hsi.damaged")
    assert code_of(zipped(tmp_path / "b.npz", {"cube.npy": header + b"\0" * 100})) in ("hsi.truncated", "hsi.damaged")


@pytest.mark.parametrize(
    "text", ["{", "__import__('os').system('touch x')", "{'descr': '<f8'}", "[" * 5000, "{'descr': 'O' * 10**9}"]
)
def test_a_header_is_no_program(tmp_path: Path, text: str) -> None:
    raw = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()
    (tmp_path / "a.npy").write_bytes(raw + b"\0" * 64)
    assert code_of(tmp_path / "a.npy") == "hsi.damaged"


def test_a_packed_bomb_is_refused_before_it_is_inflated(tmp_path: Path) -> None:
    side = 210
    member = npy_header((side, side, side)) + b"\0" * (side**3 * 8)
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x.npy", "w") as out:
        for start in range(0, len(member), 1 << 24):
            out.write(member[start : start + (1 << 24)])
    with pytest.raises(UnsafeFileError) as caught:
        open_scene(tmp_path / "a.npz")
    assert caught.value.code == "hsi.bomb"


def test_a_packed_matlab_bomb_is_refused_before_it_is_inflated(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"x": np.zeros((210, 210, 210), np.float64)}, do_compression=True)
    assert code_of(tmp_path / "a.mat") == "hsi.bomb"


def test_a_matlab_variable_that_holds_more_than_its_shape_is_refused(tmp_path: Path) -> None:
    """The shape says 2 x 2 x 2, the data element 8 MB of zeros: inflating it would be the bomb."""
    body = struct.pack("<2I2I", 6, 8, 6, 0) + struct.pack("<2I3i4x", 5, 12, 2, 2, 2) + struct.pack("<HH4s", 1, 1, b"x")
    body += struct.pack("<2I", 9, 8_000_000) + b"\0" * 8_000_000
    packed = zlib.compress(struct.pack("<2I", 14, len(body)) + body)
    samples.mat5(tmp_path / "a.mat")
    head = (tmp_path / "a.mat").read_bytes()[:128]
    (tmp_path / "b.mat").write_bytes(head + struct.pack("<2I", 15, len(packed)) + packed)
    assert code_of(tmp_path / "b.mat") == "hsi.damaged"


def test_an_empty_hdf5_data_set_of_huge_size_is_a_bomb(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.mat", "w") as file:
        file.create_dataset("x", (10**4, 10**4, 10**3), "f8", chunks=(100, 100, 10), compression="gzip")
    assert code_of(tmp_path / "a.mat") == "hsi.bomb"


def test_an_empty_geotiff_of_huge_size_is_a_bomb(tmp_path: Path) -> None:
    profile = {"driver": "GTiff", "height": 20_000, "width": 20_000, "count": 4, "dtype": "float64", "sparse_ok": True,
               "tiled": True, "bigtiff": "yes"}  # fmt: skip
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning), rasterio.open(tmp_path / "a.tif", "w", **profile):
        pass
    assert code_of(tmp_path / "a.tif") == "hsi.bomb"


def test_matlab_cells_structs_functions_and_texts_are_no_arrays(tmp_path: Path) -> None:
    nested = {"inner": {"deep": np.zeros((3, 4, 5)), "cell": np.array([1, "a"], object)}}
    savemat(tmp_path / "a.mat", {"s": nested, "c": np.array([np.zeros((3, 4, 5)), "text"], object), "t": "text"})
    assert code_of(tmp_path / "a.mat") == "hsi.no_cube"
    refusals = {array.key: array.refusal for array in open_file(tmp_path / "a.mat").arrays}
    assert "struct" in refusals["s"] and "cell" in refusals["c"] and "text" in refusals["t"]
    savemat(tmp_path / "b.mat", {"s": nested, "data": sample().cube, "map": sample().mask})
    assert np.array_equal(open_scene(tmp_path / "b.mat").cube, sample().cube)


def test_a_matlab_function_handle_is_no_array(tmp_path: Path) -> None:
    samples.mat5(tmp_path / "a.mat", packed=False)
    raw = (tmp_path / "a.mat").read_bytes()
    body = struct.pack("<2I2I", 6, 8, 16, 0) + struct.pack("<2I2i", 5, 8, 1, 1) + struct.pack("<HH4s", 1, 1, b"f")
    (tmp_path / "b.mat").write_bytes(raw + struct.pack("<2I", 14, len(body)) + body)
    assert "function handle" in open_file(tmp_path / "b.mat").array("f").refusal
    assert np.array_equal(open_scene(tmp_path / "b.mat").cube, sample().cube)


def test_hdf5_never_reads_other_files(tmp_path: Path) -> None:
    samples.mat73(tmp_path / "secret.mat")
    with h5py.File(tmp_path / "a.mat", "w") as file:
        file["linked"] = h5py.ExternalLink("secret.mat", "image")
        file["soft"] = h5py.SoftLink("/linked")
        layout = h5py.VirtualLayout((30, 20, 24), "u2")
        layout[:] = h5py.VirtualSource(str(tmp_path / "secret.mat"), "image", (30, 20, 24))
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("outside", (24, 20, 30), "u2", external=[(str(tmp_path / "secret.mat"), 0, 28_800)])
    found = open_file(tmp_path / "a.mat")
    assert {array.key for array in found.arrays} == {"virtual", "outside"}
    assert all("other files" in array.refusal for array in found.arrays)
    assert len(found.facts.warnings) == 2
    assert code_of(tmp_path / "a.mat") == "hsi.no_cube"
    with pytest.raises(FormatError):
        found.array("virtual").open()


def test_hdf5_references_and_rings_are_no_arrays(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.mat", "w") as file:
        file.create_dataset("cells", (3, 4, 5), h5py.ref_dtype)
        group = file.create_group("ring")
        for number in range(200):  # followed blindly, 200 to the power of the depth
            group[f"again{number}"] = group
        file.create_dataset("data", data=sample().cube)
    assert np.array_equal(open_scene(tmp_path / "a.mat").cube, sample().cube)


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    samples.npz(tmp_path / "secret.npz")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.npz").symlink_to(tmp_path / "secret.npz")
    assert code_of(tmp_path / "in") == "hsi.unknown_format"


def test_a_folder_of_very_many_files_is_no_scene(tmp_path: Path) -> None:
    for number in range(205):
        (tmp_path / f"{number}.npz").touch()
    assert code_of(tmp_path) == "hsi.many_files"


def test_a_geotiff_with_a_palette_is_refused(tmp_path: Path) -> None:
    samples.geotiff(tmp_path / "a.tif", np.zeros((24, 20), np.uint8), photometric="palette")
    with rasterio.open(tmp_path / "a.tif", "r+") as image:
        image.write_colormap(1, {0: (0, 0, 0, 255), 1: (255, 0, 0, 255)})
    assert code_of(tmp_path / "a.tif") == "hsi.palette"


def test_other_formats_of_gdal_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_text('<VRTDataset rasterXSize="9" rasterYSize="9"></VRTDataset>')
    assert code_of(tmp_path / "a.tif") == "hsi.unknown_format"
    (tmp_path / "b.tif").write_bytes(b"II*\0" + b"\0" * 40)
    assert code_of(tmp_path / "b.tif") == "hsi.damaged"


@pytest.mark.parametrize("name", ["../x.npy", "/etc/x.npy", "a\\..\\x.npy", "C:/x.npy"])
def test_member_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    content = io.BytesIO()
    np.save(content, sample().cube)
    with pytest.raises(UnsafeFileError):
        open_scene(zipped(tmp_path / "a.npz", {name: content.getvalue()}))


def test_a_uploaded_archive_is_not_taken_for_arrays(tmp_path: Path) -> None:
    assert code_of(zipped(tmp_path / "a.zip", {"a.txt": b"hello"})) == "hsi.unknown_format"


@pytest.mark.parametrize("name", MAKERS)
def test_cut_files_give_a_clear_error(tmp_path: Path, name: str) -> None:
    """At any length: a coded error, or the very scene where only unused bytes at the end were cut."""
    path = MAKERS[name](tmp_path / name)
    victim = path.with_suffix(".img") if name.endswith(".hdr") else path
    whole = victim.read_bytes()
    for share in (0.0, 0.01, 0.1, 0.5, 0.9, 0.999):
        victim.write_bytes(whole[: int(share * len(whole))])
        try:
            scene = open_scene(path)
        except CodedError as error:
            assert error.message
        else:
            assert share > 0.9 and np.array_equal(scene.cube, sample().cube)


@pytest.mark.parametrize("name", MAKERS)
def test_flipped_bytes_give_a_scene_or_a_clear_error(tmp_path: Path, name: str) -> None:
    path = MAKERS[name](tmp_path / name)
    whole = path.read_bytes()
    rng = np.random.default_rng(7)
    for _ in range(25):
        broken = bytearray(whole)
        reach = min(len(whole), 1500) if rng.random() < 0.7 else len(whole)
        for place in rng.integers(0, reach, 3):
            broken[place] ^= int(rng.integers(1, 256))
        path.write_bytes(broken)
        try:
            open_scene(path)
        except CodedError as error:
            assert error.message


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_cut_npz_is_called_damaged(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, cube=sample().cube)
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    assert code_of(path) == "hsi.truncated"
