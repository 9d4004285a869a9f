"""A service that gives the same answer to every question, with the survey that the optional folder's script makes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from ml_core.stellar.survey import open_survey
from ml_core.stellar.vo.tests.surveys import run

SCRIPT = Path(__file__).resolve().parents[5] / "shared/data/stellar/make_survey.py"


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.skipif(not SCRIPT.is_file(), reason="needs ../shared/data/stellar/make_survey.py beside the checkout")
def test_the_pictures_of_a_survey_come_back_from_its_tiles(service, tmp_path):
    survey = tmp_path / "survey"
    arguments = ["--n", "5", "--seed", "7", "--fits-images", "4", "--out", str(survey)]
    subprocess.run([sys.executable, str(SCRIPT), *arguments], check=True, capture_output=True, timeout=100)
    originals = survey.rename(tmp_path / "originals")
    survey.mkdir()
    shutil.copy(originals / "objects.csv", survey)
    service.spectra = {f"/{path.relative_to(originals)}": path.read_bytes() for path in originals.glob("fits/*")}
    service.spectra["/siap.vot"] = (originals / "siap.vot").read_bytes()
    code, result, rows = run("stellar.download_images", service, survey, tmp_path / "out", pixel_scale=0.55,
                             service=f"{service.base}/siap.vot", keep_fits=True)  # fmt: skip
    assert code == 0, result
    assert [row["status"] for row in rows.values()] == ["done"] * 4 + ["no_coverage"]
    for star, path in open_survey(survey).images.items():
        for band in "gri":
            cut = fits.getdata(survey / f"fits/{star}_{band}SDSS.fits")
            assert np.array_equal(cut, fits.getdata(originals / f"fits/{star}_{band}SDSS.fits")[16:144, 16:144])
        # The script composes in its own way: the same sources at the same places, but other noise.
        made, original = (np.asarray(Image.open(found)).mean(-1).ravel()
                          for found in (path, open_survey(originals).images[star]))  # fmt: skip
        assert np.corrcoef(made, original)[0, 1] > 0.7
