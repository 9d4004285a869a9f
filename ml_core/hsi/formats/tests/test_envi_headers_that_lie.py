"""A header that contradicts its data gives a clear error, or a stated guess with the evidence for it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from ml_core.errors import FormatError
from ml_core.hsi.formats import inspect_scene, open_scene
from ml_core.hsi.formats.tests import samples
from ml_core.hsi.formats.tests.samples import sample


def refused(path: Path) -> FormatError:
    with pytest.raises(FormatError) as caught:
        open_scene(path)
    assert caught.value.hint
    return caught.value


def test_a_missing_byte_order_is_little_endian_and_said(tmp_path: Path) -> None:
    path = samples.envi(tmp_path / "a.hdr", without=("byte order",))
    assert np.array_equal(open_scene(path).cube, sample().cube)
    assert any("little-endian was assumed" in sentence for sentence in inspect_scene(path).as_dict()["evidence"])


@pytest.mark.parametrize("dtype", ["u2", "i4", "f4", "f8"])
@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
@pytest.mark.parametrize("real", ["<", ">"])
def test_a_wrong_byte_order_is_seen_in_the_values_and_said(
    tmp_path: Path, dtype: str, interleave: str, real: str
) -> None:
    path = samples.envi(tmp_path / "a.hdr", order=real, dtype=dtype, interleave=interleave, byte_order=int(real == "<"))
    assert np.array_equal(open_scene(path).cube, sample().cube.astype(dtype))
    assert any("resemble each other" in sentence for sentence in inspect_scene(path).as_dict()["warnings"])


def test_a_missing_byte_order_yields_to_the_values(tmp_path: Path) -> None:
    path = samples.envi(tmp_path / "a.hdr", order=">", without=("byte order",))
    assert np.array_equal(open_scene(path).cube, sample().cube)


def test_data_that_are_too_short_name_the_lines_that_are_there(tmp_path: Path) -> None:
    path = samples.envi(tmp_path / "a.hdr", lines=30)
    error = refused(path)
    assert error.code == "hsi.envi_size" and "24 of 30 lines" in error.hint


def test_a_wrong_data_type_names_the_one_that_fits(tmp_path: Path) -> None:
    error = refused(samples.envi(tmp_path / "a.hdr", data_type=4))
    assert error.code == "hsi.envi_size" and "12 (uint16)" in error.hint
    error = refused(samples.envi(tmp_path / "b.hdr", dtype="f4", data_type=12))
    assert error.code == "hsi.envi_size" and "4 (float32)" in error.hint


def test_more_data_than_declared_are_left_out_and_said(tmp_path: Path) -> None:
    path = samples.envi(tmp_path / "a.hdr")
    with path.with_suffix(".img").open("ab") as stream:
        stream.write(b"\0" * 100)
    assert np.array_equal(open_scene(path).cube, sample().cube)
    assert any("100 bytes longer" in sentence for sentence in inspect_scene(path).as_dict()["warnings"])


@pytest.mark.parametrize(
    "fields",
    [
        {"data_type": 99}, {"data_type": "x"}, {"Interleave": "bxq"}, {"lines": -4}, {"lines": 0}, {"samples": "1e3"},
        {"bands": 10**11}, {"byte_order": 7}, {"header_offset": -1}, {"file_compression": 1}, {"lines": ""},
    ],
)  # fmt: skip
def test_impossible_fields_are_named(tmp_path: Path, fields: dict[str, object]) -> None:
    error = refused(samples.envi(tmp_path / "a.hdr", **fields))
    assert error.code == "hsi.envi_header"
    assert next(iter(fields)).lower().replace("_", " ") in error.where


def test_complex_numbers_are_refused(tmp_path: Path) -> None:
    path = samples.envi(tmp_path / "a.hdr", dtype="c8", data_type=6)
    with pytest.raises(FormatError, match="complex"):
        open_scene(path)


def test_a_header_of_huge_lengths_costs_nothing(tmp_path: Path) -> None:
    error = refused(samples.envi(tmp_path / "a.hdr", lines=9_999_999, samples=9_999_999, bands=9_999_999))
    assert error.code == "hsi.envi_size"


def test_paths_in_a_header_are_never_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.img"
    secret.write_bytes(b"s" * 10**6)
    folder = tmp_path / "in"
    folder.mkdir()
    path = samples.envi(folder / "a.hdr", data_file="../secret.img", file_name="/etc/passwd")
    path.with_suffix(".img").unlink()
    assert refused(path).code == "hsi.envi_pair"
    path.with_suffix(".img").symlink_to(secret)
    assert refused(path).code == "hsi.envi_pair"


def test_a_data_file_without_its_header_is_unknown(tmp_path: Path) -> None:
    path = samples.envi(tmp_path / "a.hdr")
    path.unlink()
    assert refused(tmp_path / "a.img").code == "hsi.unknown_format"


def test_lists_that_do_not_fit_the_bands_are_left_out_and_said(tmp_path: Path) -> None:
    path = samples.envi(tmp_path / "a.hdr", wavelength="{1, 2, 3}", bbl="{1, 0}", map_info="{UTM, x, y, 1, 2, 3, 4}")
    scene = open_scene(path)
    assert scene.wavelengths is None and scene.good_bands.all() and scene.georeference is None
    said = " ".join(inspect_scene(path).as_dict()["warnings"])
    assert "3 wavelengths" in said and "2 entries" in said and "map info" in said
    path = samples.envi(tmp_path / "b.hdr", wavelength="{a, b, " + "c, " * 40 + "}")
    assert open_scene(path).wavelengths is None


def test_a_header_of_another_program_is_no_envi_header(tmp_path: Path) -> None:
    samples.npz(tmp_path / "a.npz")
    (tmp_path / "b.hdr").write_text("NROWS 24\nNCOLS 20\nLAYOUT BIL\n")
    (tmp_path / "b.bil").write_bytes(b"0" * 5000)
    assert refused(tmp_path / "b.bil").code == "hsi.unknown_format"
    assert np.array_equal(open_scene(tmp_path).cube, sample().cube)


def test_a_long_header_is_read_in_one_pass(tmp_path: Path) -> None:
    path = samples.envi(tmp_path / "a.hdr", wavelength="{" + ",\n".join(["1"] * 200_000) + "}")
    text = path.read_text()
    path.write_text(text + " " * 2_000_000 + "\n" + "{" * 500_000 + "\n" + "= " * 100_000)
    started = time.monotonic()
    assert np.array_equal(open_scene(path).cube, sample().cube)
    assert time.monotonic() - started < 20
    path.write_text(text + " " * 4_200_000)
    assert refused(path).code == "hsi.damaged"


@pytest.mark.parametrize(
    ("field", "value"), [("wavelength", "{nan, 2, 3}"), ("map info", "{UTM, 1, x}"), ("map info", "{a,1,1,x,2,3,4,5}")]
)
def test_what_cannot_be_understood_is_left_out_and_said(tmp_path: Path, field: str, value: str) -> None:
    path = samples.envi(tmp_path / "a.hdr")
    path.write_text(path.read_text() + f"{field} = {value}\n")
    inspection = inspect_scene(path).as_dict()
    assert any(field in sentence for sentence in inspection["warnings"]), inspection["warnings"]


@pytest.mark.filterwarnings("error")
def test_numbers_of_the_wrong_byte_order_raise_no_warning(tmp_path: Path) -> None:
    high = np.random.default_rng(0).integers(0x3F80, 0x3FFF, (24, 20, 30), dtype=np.uint32)
    cube = (high << 16 | 0x807F).astype("<u4").view("<f4")  # turned round, each is a signalling NaN
    assert np.array_equal(open_scene(samples.envi(tmp_path / "a.hdr", cube)).cube, cube)
