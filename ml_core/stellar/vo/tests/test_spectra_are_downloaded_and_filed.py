"""Spectra come by plate, MJD and fibre, and are looked into before they are filed."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from astropy.io import fits

from ml_core.errors import ConfigError
from ml_core.stellar.catalogue import StarObject
from ml_core.stellar.survey import open_survey
from ml_core.stellar.vo.sdss_spectra import reductions, spectrum_address
from ml_core.stellar.vo.tests.surveys import run, write_survey

RECIPE = "stellar.download_spectra"
NAN = float("nan")
STARS = {"a": (10.0, 1.0), "b": (11.0, 1.0)}
FIRST = "/sas/sdss/spectro/redux/26/spectra/lite/0269/spec-0269-51910-0001.fits"
SECOND = "/sas/eboss/spectro/redux/v5_13_0/spectra/lite/0269/spec-0269-51910-0002.fits"


def spectrum(fiber: int, plate: int = 269) -> bytes:
    """A small file in the layout of SDSS."""
    loglam = np.float32(3.6 + 1e-4 * np.arange(600))
    columns = [fits.Column(name, format, array=values) for name, format, values in (
        ("flux", "E", np.full(600, 5.0)), ("loglam", "E", loglam), ("ivar", "E", np.ones(600)),
        ("and_mask", "J", np.zeros(600)), ("or_mask", "J", np.zeros(600)),
    )]  # fmt: skip
    primary = fits.PrimaryHDU()
    primary.header.update({"PLATEID": plate, "MJD": 51910, "FIBERID": fiber, "TELESCOP": "SDSS 2.5-M"})
    facts = fits.BinTableHDU.from_columns([
        fits.Column("CLASS", "6A", array=["STAR"]), fits.Column("SUBCLASS", "21A", array=["M0"]),
        fits.Column("PLATE", "J", array=[plate]), fits.Column("MJD", "J", array=[51910]),
        fits.Column("FIBERID", "J", array=[fiber]), fits.Column("Z", "E", array=[0.0]),
    ], name="SPECOBJ")  # fmt: skip
    buffer = io.BytesIO()
    fits.HDUList([primary, fits.BinTableHDU.from_columns(columns, name="COADD"), facts]).writeto(buffer)
    return buffer.getvalue()


def star(name: str, plate: int = 269, mjd: int = 51910, fiber: int = 1) -> StarObject:
    return StarObject(name, 1.0, 2.0, plate, mjd, fiber, "M0", 0, (NAN, NAN, NAN, NAN, NAN))


def test_spectra_are_filed_where_the_survey_looks(service, tmp_path):
    service.spectra = {FIRST: spectrum(1), SECOND: spectrum(2)}
    survey = write_survey(tmp_path / "survey", STARS | {"c": (12.0, 1.0)})
    code, result, rows = run(RECIPE, service, survey, tmp_path / "out")
    assert code == 0, result
    assert {name: row["status"] for name, row in rows.items()} == {"a": "done", "b": "done", "c": "no_coverage"}
    assert (survey / "spectra/M1/spec-0269-51910-0002.fits").read_bytes() == spectrum(2)
    assert set(open_survey(survey).spectra) == {"a", "b"}
    note = json.loads((survey / "spectra/M1/spec-0269-51910-0002.json").read_text())
    assert note["run2d"] == "v5_13_0" and note["address"].endswith(SECOND)
    asked = sum(service.counts.values())
    _, result, rows = run(RECIPE, service, survey, tmp_path / "again")
    assert sum(service.counts.values()) == asked and result["metrics"]["present"] == 2
    assert rows["c"]["status"] == "no_coverage"


@pytest.mark.parametrize(("kind", "code"), [
    ("html", "vo.not_fits"), ("500", "vo.status_500"), ("403", "vo.status_403"), ("huge", "vo.too_large"),
    ("cut", "vo.cut_off"), ("cut_unsaid", "vo.no_spectrum"),
])  # fmt: skip
def test_faults_are_errors_and_leave_nothing_half(service, tmp_path, kind, code):
    service.spectra = {FIRST: spectrum(1)}
    service.always[FIRST] = kind
    survey = write_survey(tmp_path / "survey", {"a": (10.0, 1.0)})
    _, result, rows = run(RECIPE, service, survey, tmp_path / "out")
    assert (rows["a"]["status"], rows["a"]["code"]) == ("error", code)
    assert not [path for path in (survey / "spectra").rglob("*") if path.is_file()]
    service.always.clear()
    _, result, _ = run(RECIPE, service, survey, tmp_path / "again")
    assert result["metrics"]["done"] == 1


def test_the_spectrum_of_another_star_is_not_filed(service, tmp_path):
    service.spectra = {FIRST: spectrum(17)}
    survey = write_survey(tmp_path / "survey", {"a": (10.0, 1.0)})
    _, _, rows = run(RECIPE, service, survey, tmp_path / "out")
    assert rows["a"]["code"] == "vo.other_spectrum" and "fibre 17" in rows["a"]["reason"]


def test_the_identifier_says_which_reduction_comes_first():
    def identifier(run2d: int) -> str:
        return str(269 << 50 | 1 << 38 | (51910 - 50000) << 24 | run2d << 10)

    known = ["26", "103", "104", "v5_13_0"]
    assert reductions(star(identifier(104)), known)[0] == "104"
    assert reductions(star(identifier(1300)), known) == ["v5_13_0", "26", "103", "104"]
    assert reductions(star(identifier(706)), known)[0] == "v5_7_6"
    assert reductions(star("17"), known) == known
    assert reductions(star(identifier(104), fiber=2), known) == known


def test_the_address_is_that_of_the_archive():
    path = "{survey}/spectro/redux/{run2d}/spectra/lite/{plate}/{file}"
    assert spectrum_address("https://data.sdss.org/sas/dr16/", path, star("a"), "26") == (
        "https://data.sdss.org/sas/dr16/sdss/spectro/redux/26/spectra/lite/0269/spec-0269-51910-0001.fits"
    )
    with pytest.raises(ConfigError):
        spectrum_address("https://s.org", "{secret}", star("a"), "26")
    with pytest.raises(ConfigError):
        spectrum_address("https://s.org", path, star("a"), "../../etc")
