"""A survey of 100,000 stars: storing its rows, pages of its table, cone searches, and going from star to star.

Works in a database of its own, with simulated files for the first stars. Prints each with its budget and exits with 1
when one is missed.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scratch.database import open_database

STARS = 100_000
WITH_FILES = 40
REPEATS = 7
STORE_BUDGET_S = 60.0
SHOW_BUDGET_S = 20.0
PAGE_BUDGET_MS = 300.0
SWITCH_BUDGET_MS = 100.0
PAGES = {
    "first page": {},
    "sorted by S/N": {"sort": "-sn"},
    "class M2, S/N above 5": {"class": "M2", "sn_min": "5"},
    "two classes, one answer": {"class": "M0,M4", "predicted": "M0"},
    "label against prediction": {"disagrees": "label", "sort": "-confidence"},
    "cone of 10 arcmin": {"cone": "185,30,10'", "sort": "separation"},
    "cone at the pole": {"cone": "0,90,1"},
    "part of a name": {"search": "9999"},
}


def main() -> int:
    """Fill, measure, compare."""
    with tempfile.TemporaryDirectory(prefix="cvs-bench-") as folder:
        user, survey, missed = fill(folder)
        client = client_of(user)
        for title, query in PAGES.items():
            missed |= measure(title, PAGE_BUDGET_MS, lambda q=query: page(client, survey, q))
        missed |= measure("behind 50,000 stars, by cursor", PAGE_BUDGET_MS, deep_page(client, survey))
        for title, query in {"in the catalogue's order": {}, "by S/N": {"sort": "-sn"}}.items():
            missed |= measure(f"to the next star, {title}", SWITCH_BUDGET_MS, walk(client, survey, query))
    return int(missed)


def fill(folder: str) -> tuple[Any, Any, bool]:
    """A survey with a prediction; its owner; whether storing took too long."""
    user = open_database(folder)
    from stellar.models import Prediction, Star, StarClassification, Survey
    from stellar.services.show_prediction import show_prediction
    from stellar.services.store_stars import store_stars
    from stellar.storage import survey_folder
    from stellar.tests.makers import imported, make_classifier

    survey = Survey.objects.create(owner=user, name="All the sky", source="upload", state="ready")
    files = imported(WITH_FILES)
    shutil.copytree(files, survey_folder(survey))
    started = time.perf_counter()
    store_stars(survey, rows(survey, files))
    missed = tell("storing 100,000 stars", time.perf_counter() - started, STORE_BUDGET_S, "s")
    version = make_classifier(user, survey=survey)
    made = Prediction.objects.create(owner=user, survey=survey, classifier=version, name="All", state="ready")
    ids = Star.objects.filter(survey=survey).values_list("id", "label", "position")
    answers = (
        StarClassification(
            star_id=star, prediction=made, predicted=(label + (place % 7 == 0)) % 5, likeliest=label, type=label + 0.2,
            probabilities=[0.2] * 5, confidence=0.5 + place % 50 / 100, modality="both", modalities_differ=False,
        )
        for star, label, place in ids.iterator()
    )  # fmt: skip
    StarClassification.objects.bulk_create(answers, batch_size=5_000)
    started = time.perf_counter()
    show_prediction(survey, made)
    missed |= tell("showing a prediction of them", time.perf_counter() - started, SHOW_BUDGET_S, "s")
    return user, survey, missed


def rows(survey: Any, files: Path) -> Any:
    """Simulated stars all over the sky; the first ones have files."""
    from ml_core.stellar.survey import open_survey
    from stellar.models import Star
    from stellar.services.star_rows import star_id, star_rows
    from stellar.sky import unit_vector

    rng = np.random.default_rng(0)
    real = {row.position: row for row in star_rows(survey.id, open_survey(files))}
    for place in range(STARS):
        ra, dec = float(rng.uniform(0, 360)), float(np.degrees(np.arcsin(rng.uniform(-1, 1))))
        x, y, z = unit_vector(ra, dec)
        known = real.get(place)
        if known is not None:
            yield known
            continue
        name = str((place + 300) << 50 | place << 20)
        sn = float(rng.uniform(0, 94))
        yield Star(
            id=star_id(survey.id, name), survey=survey, position=place, name=name, subclass=f"M{place % 5}",
            label=place % 5, ra=ra, dec=dec, unit_x=x, unit_y=y, unit_z=z, plate=266 + place, mjd=55_000, fiber=1,
            g_mag=19.1, r_mag=18.2, i_mag=17.0, z_mag=16.4, spectrum_file=f"spectra/M{place % 5}/{place}.fits", sn=sn,
            sn_group="low" if sn < 5 else "high", coverage=1.0, image_file=f"images/M{place % 5}/{name}_image.jpg",
        )  # fmt: skip


def client_of(user: Any) -> Any:
    """A client of the API that is logged in."""
    from rest_framework.test import APIClient

    client = APIClient(headers={"host": "localhost"})
    client.force_authenticate(user)
    return client


def page(client: Any, survey: Any, query: dict[str, str]) -> None:
    """One page."""
    answer = client.get("/api/v1/stellar/stars", {"survey": str(survey.id), **query})
    assert answer.status_code == 200, answer.content


def deep_page(client: Any, survey: Any) -> Any:
    """A page far behind the first one; each call goes one further."""
    from stellar.selectors import star_page
    from stellar.star_query import StarQuery

    user, query, state = survey.owner, StarQuery(survey=survey.id), {"cursor": ""}
    for _ in range(500):  # of the largest size
        state["cursor"] = star_page(user, query, cursor=state["cursor"], size=100).next

    def go() -> None:
        answer = client.get("/api/v1/stellar/stars", {"survey": str(survey.id), "cursor": state["cursor"]}).json()
        state["cursor"] = answer["next"].split("cursor=")[1].split("&")[0]

    return go


def walk(client: Any, survey: Any, query: dict[str, str]) -> Any:
    """From a star with files to the next one: everything that its page reads."""
    places = list(survey.star_rows.order_by("position").values_list("id", flat=True)[:WITH_FILES])
    state = {"at": 0}

    def go() -> None:
        star = places[state["at"] % len(places)]
        state["at"] += 1
        told = client.get(f"/api/v1/stellar/stars/{star}", {"survey": str(survey.id), **query}).json()
        assert told["next"] or told["previous"]
        assert client.get(f"/api/v1/stellar/stars/{star}/spectrum?form=binary").status_code == 200
        assert client.get(f"/api/v1/stellar/stars/{star}/image").status_code == 200

    return go


def measure(title: str, budget_ms: float, do: Any) -> bool:
    """Print one line; whether the budget is missed."""
    do()
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        do()
        times.append((time.perf_counter() - started) * 1000)
    return tell(title, statistics.median(times), budget_ms, "ms")


def tell(title: str, value: float, budget: float, unit: str) -> bool:
    """Print one line; whether the budget is missed."""
    is_missed = value > budget
    print(f"{title:42} {value:8.1f} {unit:2}  budget {budget:.0f} {unit}  {'MISSED' if is_missed else 'ok'}")
    return is_missed


if __name__ == "__main__":
    sys.exit(main())
