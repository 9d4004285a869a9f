"""Composites keep colours, cut-outs follow coordinates, uploads of any size become one form, and flaws are found."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image

from ml_core.errors import CodedError, FormatError
from ml_core.stellar.images.composite import SIDE, Stretch, composite, save_jpeg, sky_level
from ml_core.stellar.images.cutout import cut_out, open_fits_image
from ml_core.stellar.images.reading import image_file, read_image
from ml_core.stellar.images.screening import screen
from ml_core.stellar.simulated_image import compose, simulate_bands

MAGNITUDES = {"u": 21.0, "g": 19.0, "r": 17.6, "i": 16.9, "z": 16.5}


def bands(seed: int = 0, *flags: str, **magnitudes: float) -> dict[str, np.ndarray]:
    return simulate_bands(np.random.default_rng(seed), {**MAGNITUDES, **magnitudes}, flags)


def test_bands_become_colours_in_the_stated_order() -> None:
    sky = np.random.default_rng(0).normal(0, 1, (SIDE, SIDE))
    star = np.zeros((SIDE, SIDE))
    star[60:68, 60:68] = 60.0
    for channel in range(3):
        parts = [sky + star * (channel == at) for at in range(3)]
        middle = composite(*parts)[60:68, 60:68].reshape(-1, 3).mean(0)
        assert middle.argmax() == channel


def test_hue_does_not_depend_on_brightness() -> None:
    hues = []
    for step in (0.0, 1.0, 2.0):
        made = bands(3, g=19.0 + step, r=17.6 + step, i=16.9 + step)
        pixels = compose(made)[58:70, 58:70].reshape(-1, 3).astype(float) - 0.06 * 255
        core = pixels[pixels.sum(1) > 0.5 * pixels.sum(1).max()].mean(0)
        hues.append(core / core.sum())
    assert np.ptp(hues, axis=0).max() < 0.04


def test_the_picture_stands_upright_and_missing_pixels_are_sky() -> None:
    made = np.random.default_rng(0).normal(0, 1, (SIDE, SIDE))
    made[10, 20] = 500.0
    made[:, 100:] = np.nan
    pixels = composite(made, made, made)
    assert np.unravel_index(pixels.sum(-1).argmax(), (SIDE, SIDE)) == (SIDE - 1 - 10, 20)
    assert np.ptp(pixels[:, 100:].reshape(-1, 3), axis=0).max() == 0
    assert pixels.dtype == np.uint8 and composite(*[np.full((SIDE, SIDE), np.nan)] * 3).max() < 30


def test_bands_that_do_not_fit_are_refused() -> None:
    good = np.zeros((SIDE, SIDE))
    for wrong, code in ((np.zeros((SIDE, 90)), "image.bands_differ"), (None, "image.size")):
        with pytest.raises(FormatError) as caught:
            composite(good, good, wrong) if wrong is not None else composite(*[good[:90]] * 3)
        assert caught.value.code == code
    assert Stretch().as_dict()["name"] == "asinh" and sky_level(np.full(4, np.nan)) == (0.0, 0.0)


def sky_image(
    ra: float = 150.0, dec: float = 20.0, side: int = 300, scale: float = 0.55
) -> tuple[np.ndarray, fits.Header]:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [ra, dec]
    wcs.wcs.crpix, wcs.wcs.cdelt = [(side + 1) / 2] * 2, [-scale / 3600, scale / 3600]
    return np.arange(side * side, dtype=np.float32).reshape(side, side), wcs.to_header()


def test_a_cut_out_is_centred_on_the_position() -> None:
    data, header = sky_image()
    cut = cut_out(data, header, 150.0, 20.0)
    assert cut.data.shape == (SIDE, SIDE) and cut.inside == 1.0
    assert cut.pixel_scale == pytest.approx(0.55, rel=1e-4)
    assert max(map(abs, cut.offset)) <= 0.5
    column, row = (float(value) for value in WCS(cut.header).all_world2pix(150.0, 20.0, 0))
    assert (column, row) == pytest.approx(((SIDE - 1) / 2 + cut.offset[0], (SIDE - 1) / 2 + cut.offset[1]), abs=1e-3)
    assert (
        np.array_equal(cut.data, data[150 - 64 : 150 + 64, 150 - 64 : 150 + 64])
        or cut.data[64, 64] in data[149:152, 149:152]
    )


def test_a_cut_out_at_the_edge_says_what_lies_inside() -> None:
    data, header = sky_image()
    near_edge = 150.0 + 140 * 0.55 / 3600 / np.cos(np.radians(20.0))
    cut = cut_out(data, header, near_edge, 20.0)
    assert 0.5 < cut.inside < 0.7 and np.isnan(cut.data).any()
    for ra in (150.2, 330.0):
        with pytest.raises(FormatError) as caught:
            cut_out(data, header, ra, 20.0)
        assert caught.value.code == "image.no_coverage"
    with pytest.raises(FormatError) as caught:
        cut_out(data, fits.Header(), 150.0, 20.0)
    assert caught.value.code == "image.no_wcs"


def test_plain_and_packed_images_open_and_others_are_refused(tmp_path: Path) -> None:
    data, header = sky_image()
    fits.PrimaryHDU(data, header).writeto(tmp_path / "a.fits")
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(data, header)]).writeto(tmp_path / "a.fits.fz")
    for name in ("a.fits", "a.fits.fz"):
        read, found = open_fits_image(tmp_path / name)
        # Packed floating-point images are quantised.
        assert np.allclose(read, data, atol=20) and WCS(found).has_celestial
    whole = (tmp_path / "a.fits").read_bytes()
    for content in (b"<html>no</html>", whole[:50_000], b""):
        with pytest.raises(FormatError) as caught:
            open_fits_image(content, "a.fits")
        assert caught.value.code in {"image.not_fits", "image.truncated"} and caught.value.where == "a.fits"
    fits.PrimaryHDU().writeto(tmp_path / "b.fits")
    with pytest.raises(FormatError) as caught:
        open_fits_image(tmp_path / "b.fits")
    assert caught.value.code == "image.no_image"


def encoded(mode: str, size: tuple[int, int], kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, (200, 100, 50)).convert(mode).save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize("mode, size", [("L", (128, 128)), ("RGBA", (128, 128)), ("P", (64, 64)), ("RGB", (512, 300))])
def test_pictures_of_another_size_or_mode_are_brought_to_one_form_and_said(mode: str, size: tuple[int, int]) -> None:
    read = read_image(encoded(mode, size))
    assert read.pixels.shape == (SIDE, SIDE, 3) and read.pixels.dtype == np.uint8
    assert len(read.notes) == (mode != "RGB") + (size != (SIDE, SIDE))


def test_pictures_as_the_specification_wants_them_are_left_alone(tmp_path: Path) -> None:
    pixels = compose(bands())
    save_jpeg(pixels, tmp_path / image_file("307416612011534336"))
    read = read_image(tmp_path / "307416612011534336_image.jpg")
    assert not read.notes and np.abs(read.pixels.astype(int) - pixels).mean() < 5


@pytest.mark.parametrize("content", [b"<html>", b"", encoded("RGB", (128, 128), "JPEG")[:400]])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(CodedError) as caught:
        read_image(content)
    assert caught.value.code.startswith("image.") and caught.value.hint


@pytest.mark.parametrize("flag", ["off_centre", "noisy", "saturated", "cut_off", "several_sources"])
def test_each_flaw_is_found_in_most_pictures(flag: str) -> None:
    found = [flag in screen(compose(bands(seed, flag))).flags for seed in range(8)]
    assert sum(found) >= 7


def test_good_pictures_are_seldom_flagged() -> None:
    flagged = [screen(compose(bands(seed))).flags for seed in range(20)]
    assert sum(map(bool, flagged)) <= 3


def test_an_empty_picture_is_flagged_and_measured() -> None:
    found = screen(np.zeros((SIDE, SIDE, 3), np.uint8))
    assert {"off_centre", "noisy", "cut_off"} <= set(found.flags) and found.measures["empty_part"] == 1.0
