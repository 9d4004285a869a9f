"""Catalogues of four formats give the same stars; whatever is not used stands in the report with its reason."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from ml_core.errors import FormatError
from ml_core.stellar.catalogue import StarObject, read_catalogue
from ml_core.stellar.import_survey import catalogue_csv

HEADER = "name,ra,dec,plate,mjd,fiberID,subclass,u_mag,g_mag,r_mag,i_mag,z_mag"
NAME = 307416612011534337


def row(name: object = NAME, ra: object = 158.19, dec: object = -0.07, plate: object = 273, mjd: object = 51957,
        fiber: object = 167, subclass: object = "M0", mags: str = "22.6,19.8,18.4,17.7,17.2") -> str:  # fmt: skip
    return f"{name},{ra},{dec},{plate},{mjd},{fiber},{subclass},{mags}"


def csv(tmp_path: Path, *rows: str, header: str = HEADER) -> Path:
    path = tmp_path / "objects.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def codes(path: Path) -> dict[str, int]:
    return {finding["code"]: finding["count"] for finding in read_catalogue(path).report.findings}


def refusal(path: Path) -> FormatError:
    with pytest.raises(FormatError) as caught:
        read_catalogue(path)
    assert caught.value.hint and caught.value.message.endswith(".")
    return caught.value


@pytest.mark.parametrize(
    "kind, suffix", [("votable", "vot"), ("fits", "fits"), ("ascii.ecsv", "ecsv"), ("ascii.csv", "csv")]
)
def test_every_format_gives_the_same_stars(tmp_path: Path, kind: str, suffix: str) -> None:
    columns = {
        "specObjID": np.array([NAME, NAME + 2**40]), "RA": [158.19, 10.0], "DEC": [-0.07, 5.0], "PLATE": [273, 274],
        "MJD": [51957, 51958], "FIBERID": [167, 3], "SUBCLASS": ["M0", "M4"], "psfMag_u": [22.6, 21.0],
        "psfMag_g": [19.8, 19.0], "psfMag_r": [18.4, 18.0], "psfMag_i": [17.7, 17.0], "psfMag_z": [17.2, 16.0],
    }  # fmt: skip
    path = tmp_path / f"stars.{suffix}"
    Table(columns).write(path, format=kind)
    first, second = read_catalogue(path).objects
    assert first == StarObject(str(NAME), 158.19, -0.07, 273, 51957, 167, "M0", 0, (22.6, 19.8, 18.4, 17.7, 17.2))
    assert (second.label, second.spectrum_file) == (4, "spec-0274-51958-0003.fits")
    assert first.name == "307416612011534337"


def test_missing_columns_are_named(tmp_path: Path) -> None:
    error = refusal(csv(tmp_path, "1,2", header="name,teff"))
    assert (
        error.code == "catalogue.missing_columns" and "plate, mjd, fiberID" in error.message and "teff" in error.message
    )
    path = csv(tmp_path, "7,266,51602,9", header="name,plate,mjd,fiberID")
    assert codes(path) == {"no_positions": 1, "no_subclass": 1, "no_magnitudes": 1}
    assert read_catalogue(path).objects[0].label == -1


def test_doubled_names_and_spectra_are_taken_once(tmp_path: Path) -> None:
    path = csv(tmp_path, row(), row(), row(subclass="M3"), row(name="other"), row(name="third", fiber=9))
    found = read_catalogue(path)
    assert [star.name for star in found.objects] == [str(NAME), "third"]
    assert found.objects[0].subclass == "M0"
    reasons = {entry["row"]: entry["reason"] for entry in found.report.left_out}
    assert reasons[2].endswith("earlier row.") and "other values" in reasons[3] and str(NAME) in reasons[4]
    assert codes(path)["duplicates"] == 3 and (found.report.rows, found.report.kept) == (5, 2)


def test_positions_out_of_range_and_placeholders_are_not_used_but_the_star_is_kept(tmp_path: Path) -> None:
    path = csv(tmp_path, row(name="a", ra=400), row(name="b", dec=-95, fiber=2), row(name="c", ra="", fiber=3),
               row(name="d", ra=360.0, fiber=4), row(name="e", fiber=5, mags="9999,-9999,0,nan,17"))  # fmt: skip
    stars = {star.name: star for star in read_catalogue(path).objects}
    assert len(stars) == 5 and codes(path) == {"positions_out_of_range": 3, "bad_magnitudes": 3}
    assert math.isnan(stars["a"].ra) and math.isnan(stars["b"].dec) and stars["d"].ra == 0.0
    assert np.isnan(stars["e"].magnitudes[:4]).all() and stars["e"].magnitudes[4] == 17.0


@pytest.mark.parametrize("wrong", [row(plate=""), row(plate=-1), row(mjd="x"), row(fiber=1.5), row(name=""),
                                   row(name="../../etc"), row(name="a/b"), row(name=".hidden")])  # fmt: skip
def test_rows_that_name_no_spectrum_or_no_file_are_left_out_with_their_reason(tmp_path: Path, wrong: str) -> None:
    found = read_catalogue(csv(tmp_path, wrong, row(name="good")))
    assert [star.name for star in found.objects] == ["good"]
    assert found.report.left_out[0]["row"] == 1 and found.report.left_out[0]["reason"].endswith(".")
    assert refusal(csv(tmp_path, wrong)).code == "catalogue.empty"


def test_other_classes_are_kept_without_a_label(tmp_path: Path) -> None:
    path = csv(tmp_path, row(subclass="G2"), row(name="b", fiber=2, subclass="M6III (148783)"))
    assert [star.label for star in read_catalogue(path).objects] == [-1, -1] and codes(path) == {"other_classes": 2}


def test_names_that_lost_their_digits_are_refused(tmp_path: Path) -> None:
    Table({"name": [float(NAME)], "plate": [273], "mjd": [51957], "fiberID": [167]}).write(tmp_path / "a.fits")
    assert refusal(tmp_path / "a.fits").code == "catalogue.lost_digits"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"<html>404</html>", b"\x89PNG\r\n\xff\xfe", b"SIMPLE  =  T",
        b"<?xml version='1.0'?><VOTABLE><broken", b"<VOTABLE><RESOURCE><TABLE><FIELD/></TABLE></RESOURCE></VOTABLE>",
        b"# %ECSV 1.0\n# ---\n- nothing", b"name,plate,mjd,fiberID\n1,2\n",
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "objects.csv"
    path.write_bytes(content)
    assert refusal(path).code == "catalogue.unreadable"
    assert refusal(tmp_path / "nowhere.csv").code == "catalogue.missing"


def test_other_separators_and_comments_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "objects.csv"
    path.write_text("\ufeff# a comment\n" + HEADER.replace(",", ";") + "\n" + row().replace(",", ";") + "\n", "utf-8")
    assert read_catalogue(path).objects[0].name == str(NAME)


def test_what_is_written_reads_back_the_same(tmp_path: Path) -> None:
    stars = read_catalogue(csv(tmp_path, row(), row(name="b", ra=999, fiber=2, mags="1,2,9999,,18.123456789"))).objects
    (tmp_path / "again.csv").write_bytes(catalogue_csv(stars))
    again = read_catalogue(tmp_path / "again.csv").objects
    assert repr(again) == repr(stars)
