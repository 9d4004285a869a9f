"""Answers that real services gave, from the optional folder beside the checkout, and such that are none."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from ml_core.stellar.vo.answers import Answer, ImageRow, read_answer
from ml_core.stellar.vo.cutout_service import read_links
from ml_core.stellar.vo.errors import ServiceError, TransientError
from ml_core.stellar.vo.tests.service import votable

RECORDED = Path(__file__).resolve().parents[5] / "shared/data/stellar/vo"
recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason="needs ../shared/data/stellar/vo beside the checkout")


def read(name: str, is_sia2: bool = False, **bands: list[str]) -> Answer:
    return read_answer((RECORDED / name).read_bytes(), "https://service.org/", is_sia2=is_sia2, band_names=bands)


@recorded
def test_sia_1_is_read_by_ucd_and_not_by_the_decoy():
    answer = read("sia_dataset.xml")
    assert answer.received == 2 and not answer.is_cut_short
    row = answer.rows[0]
    assert (row.url, row.band, row.band_evidence) == ("http://example.com/querydata/image.fits", "g", "wavelength")
    assert row.file_bytes == 153280 and row.title == "Test Observation"


@recorded
def test_sia_2_is_read_with_its_outline():
    assert read("sia2_dataset.xml", is_sia2=True).received == 1  # in the infrared: none of our bands
    content = (RECORDED / "sia2_dataset.xml").read_text()
    optical = content.replace("1.1699999999999998E-6", "6.9E-7").replace("1.33E-6", "8.2E-7")
    row = read_answer(optical.encode(), "https://s.org/", is_sia2=True, band_names={}).rows[0]
    assert row.band == "i" and row.has_links and row.footprint is not None
    assert row.footprint.margin(253.0637, 69.9485) > 0.2 > 0 > row.footprint.margin(253.0637, 70.5)
    assert ImageRow.from_dict(row.as_dict()) == row


@recorded
def test_an_error_is_no_empty_answer():
    with pytest.raises(ServiceError) as caught:
        read("query_errorstatus.xml")
    assert caught.value.code == "vo.query_refused"
    assert read("query_overflowstatus.xml").is_cut_short


@recorded
def test_a_table_of_another_protocol_names_no_image():
    assert read("scs_result.xml").rows == ()


@recorded
@pytest.mark.parametrize(("name", "offers"), [("datalink_cutout1.xml", True), ("datalink_datalink.xml", False)])
def test_links_lead_to_the_image_and_to_its_cutouts(service, make_transfer, name, offers):
    service.spectra["/recorded"] = (RECORDED / name).read_bytes()
    row = ImageRow(f"{service.base}/recorded", "", "r", "name", "r", None, 0, True, {})
    links = read_links(row, make_transfer())
    assert links.image.startswith("http") and bool(links.cutout) == offers
    if offers:
        assert links.cutout_parameters(1.5, 2.5, 0.01)["CIRCLE"] == "1.5000000 2.5000000 0.010000"
        assert links.parameters["ID"] == "ad:MACHO/cal054150r.fits.fz" and "BAND" not in links.parameters


@pytest.mark.parametrize("body", [b"", b"not xml", b"<?xml version='1.0'?><VOTABLE version='1.3'><RESOURCE"])
def test_what_is_cut_off_may_pass(body):
    with pytest.raises(TransientError):
        read_answer(body, "https://s.org/", is_sia2=False, band_names={})


def test_a_web_page_is_named_as_such():
    with pytest.raises(ServiceError) as caught:
        read_answer(b"\n<!DOCTYPE HTML><html>", "https://s.org/", is_sia2=False, band_names={})
    assert caught.value.code == "vo.not_a_votable" and not isinstance(caught.value, TransientError)


def test_relative_addresses_and_odd_values_do_no_harm():
    names = [("t", "VOX:Image_Title", "char", "*"), ("b", "VOX:BandPass_ID", "char", "*"),
             ("u", "VOX:Image_AccessReference", "char", "*"), ("ra", "POS_EQ_RA_MAIN", "double", None),
             ("dec", "POS_EQ_DEC_MAIN", "double", None), ("n", "VOX:Image_Naxis", "int", "2"),
             ("s", "VOX:Image_Scale", "double", "2")]  # fmt: skip
    rows = [
        ("a", "iSDSS", "fits/a.fits", 10.0, 5.0, [0, 0], [0.0, 0.0]),
        ("b", "rSDSS", "fits/b.fits", float("nan"), 5.0, [10, 10], [-1e-4, 1e-4]),
        ("weight map", "rSDSS", "fits/w.fits", 10.0, 5.0, [10, 10], [-1e-4, 1e-4]),
        ("c", "gSDSS", "", 10.0, 5.0, [10, 10], [-1e-4, 1e-4]),
    ]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        body = votable(names, rows)
    found = read_answer(body, "https://s.org/siap/", is_sia2=False, band_names={}).rows
    assert [(row.url, row.band, row.footprint) for row in found] == [
        ("https://s.org/siap/fits/a.fits", "i", None), ("https://s.org/siap/fits/b.fits", "r", None),
    ]  # fmt: skip
