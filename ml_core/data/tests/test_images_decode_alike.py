"""Whatever a picture's format, colour space or rotation flag: one decoder, upright 8-bit pixels or a typed error."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml_core.data.decode import load_image
from ml_core.data.tests.pictures import (
    animated_gif,
    encoded,
    flood_png,
    jpeg_with_orientation,
    picture,
)
from ml_core.errors import FormatError, UnsafeFileError


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("source_mode", ["RGB", "L", "1", "P", "RGBA", "LA", "CMYK", "I;16"])
def test_every_colour_space_becomes_eight_bits(source_mode: str, mode: str) -> None:
    if source_mode == "I;16":
        image = Image.fromarray(np.full((16, 24), 257 * 100, dtype=np.uint16))
    else:
        image = picture(mode=source_mode)
    data = encoded(image, "TIFF" if source_mode == "CMYK" else "PNG")
    decoded = load_image(data, mode)  # type: ignore[arg-type]
    assert decoded.mode == mode
    assert decoded.size == (24, 16)
    reference = np.asarray(picture().convert(mode)).astype(int)
    if source_mode == "I;16":
        assert np.unique(np.asarray(decoded)).tolist() == [100]
    elif source_mode == "RGB":
        assert np.array_equal(np.asarray(decoded), reference)


@pytest.mark.parametrize("source_mode", ["RGBA", "LA"])
def test_transparency_lies_over_white(source_mode: str) -> None:
    clear = Image.new(source_mode, (4, 4), 0)
    assert load_image(encoded(clear)).getpixel((0, 0)) == (255, 255, 255)


def test_a_transparent_palette_colour_lies_over_white() -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 9, 8, 7])
    assert load_image(encoded(image, "PNG", transparency=1)).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    upright = load_image(jpeg_with_orientation(1))
    turned = load_image(jpeg_with_orientation(orientation))
    expected = {
        1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1), 6: lambda a: np.rot90(a, -1), 7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: lambda a: np.rot90(a, 1),
    }[orientation]  # fmt: skip
    assert np.array_equal(np.asarray(turned), expected(np.asarray(upright)))


@pytest.mark.parametrize(("value", "kind"), [(0, 3), (9, 3), (65537, 4)])
def test_an_invalid_orientation_counts_as_upright(value: int, kind: int) -> None:
    assert load_image(jpeg_with_orientation(value, kind=kind)).size == (24, 16)


def test_the_first_frame_of_an_animation_is_used() -> None:
    assert load_image(animated_gif()).size == (24, 16)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.95])
def test_any_cut_gives_pixels_or_a_typed_error(image_format: str, share: float) -> None:
    data = encoded(picture((64, 48)), image_format)
    try:
        image = load_image(data[: int(len(data) * share)])
    except FormatError as error:
        assert error.code in {"image.truncated", "image.damaged", "image.unknown_format"}
        assert error.message.endswith(".")
        assert error.hint
    else:
        assert image.size == (64, 48)


def test_a_cut_jpeg_is_called_truncated() -> None:
    data = encoded(picture((64, 48)), "JPEG")
    with pytest.raises(FormatError) as caught:
        load_image(data[: len(data) // 2])
    assert caught.value.code == "image.truncated"


def test_a_pixel_flood_is_refused_before_it_costs_memory() -> None:
    data = flood_png(50_000, 50_000)
    assert len(data) < 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnsafeFileError) as caught:
        load_image(data)
    assert caught.value.code == "image.too_large"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_documents_and_scripts_are_no_images(tmp_path: Path) -> None:
    for data in (b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"%PDF-1.4"):
        with pytest.raises(FormatError) as caught:
            load_image(data)
        assert caught.value.code == "image.unknown_format"


def test_a_missing_file_is_named_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        load_image(tmp_path / "gone.png")
    assert caught.value.code == "image.missing"
    assert caught.value.where == "gone.png"


def test_floating_point_pixels_are_refused() -> None:
    with pytest.raises(FormatError) as caught:
        load_image(encoded(Image.new("F", (4, 4), 0.5), "TIFF"))
    assert caught.value.code == "image.unsupported_mode"


def test_a_draft_is_smaller_but_large_enough() -> None:
    data = encoded(picture((800, 640)), "JPEG")
    assert load_image(data, draft=(200, 160)).size == (200, 160)
