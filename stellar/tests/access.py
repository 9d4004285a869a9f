"""This domain's part of the access matrix (`tests/access_table.py`): its rows, and Alice's things."""

from __future__ import annotations

import io
from typing import Any

from cvstudio.runs.models import Run, RunState
from stellar.models import Download, Training
from stellar.tests.makers import make_classifier, make_prediction, make_survey_row
from tests.access_rows import ACTION, LIST, MEMBERS, MINE, NO_FORM, OWNED, SHOWN, SIGN_IN, THING, Page, row, thing

API = "/api/v1/stellar"


def spectrum_file() -> io.BytesIO:
    """An upload; nobody looks into it without a worker."""
    stream = io.BytesIO(b"SIMPLE  =")
    stream.name = "spec-0100-60001-0001.fits"
    return stream


def star_of(world: Any, **more: Any) -> dict[str, Any]:
    """Names Alice's star."""
    return {"stars": [str(world.things["star"].pk)], **more}


def upload(world: Any) -> dict[str, Any]:
    """A spectrum for Alice's classifier."""
    return {"classifier": str(world.things["classifier"].pk), "spectrum": spectrum_file()}


ROWS = {
    f"GET {API}/surveys": row(*MEMBERS),
    f"POST {API}/surveys": row(401, 201, 201, 201, body={"source": "sample"}),
    f"GET {API}/surveys/{{id}}": row(*OWNED),
    f"PATCH {API}/surveys/{{id}}": row(*OWNED, body={"name": "Renamed"}),
    f"DELETE {API}/surveys/{{id}}": row(*OWNED),
    f"POST {API}/surveys/{{id}}/retry": row(401, 404, 400, 400),  # it is imported already
    f"POST {API}/surveys/{{id}}/files": row(*OWNED),
    f"GET {API}/surveys/{{id}}/report": row(*OWNED),
    f"GET {API}/surveys/{{id}}/means": row(*OWNED),
    f"POST {API}/surveys/{{id}}/stars/class": row(*OWNED, body=lambda world: star_of(world, **{"class": "M3"})),
    f"POST {API}/surveys/{{id}}/stars/delete": row(*OWNED, body=star_of),
    f"GET {API}/surveys/{{id}}/screening": row(*OWNED),
    f"POST {API}/surveys/{{id}}/screening": row(*OWNED, body=lambda world: star_of(world, decision="rejected")),
    f"POST {API}/surveys/{{id}}/screening/undo": row(401, 404, 404, 404),  # nothing was decided
    f"GET {API}/surveys/{{id}}/export/{{kind}}": row(*OWNED),
    f"GET {API}/stars": row(*MEMBERS),
    f"GET {API}/stars/{{id}}": row(*OWNED),
    f"PATCH {API}/stars/{{id}}": row(*OWNED, body={"class": "M2"}),
    f"GET {API}/stars/{{id}}/spectrum": row(*OWNED),
    f"GET {API}/stars/{{id}}/image": row(*OWNED),
    f"GET {API}/stars/{{id}}/classifications": row(*OWNED),
    f"GET {API}/stars/{{id}}/neighbours": row(*OWNED),
    f"GET {API}/stars/{{id}}/attribution": row(401, 404, 503, 503),  # without a worker
    f"GET {API}/lines": row(*MEMBERS),
    f"GET {API}/columns": row(*MEMBERS),
    f"GET {API}/presets": row(*MEMBERS),
    f"GET {API}/predictions": row(*MEMBERS),
    f"POST {API}/predictions": row(401, 404, 202, 202, body=thing("survey", "classifier")),
    f"GET {API}/predictions/{{id}}": row(*OWNED),
    f"DELETE {API}/predictions/{{id}}": row(*OWNED),
    f"POST {API}/predictions/{{id}}/show": row(*OWNED),
    f"GET {API}/predictions/{{id}}/embedding": row(*OWNED),
    f"GET {API}/trainings": row(*MEMBERS),
    f"POST {API}/trainings": row(401, 404, 202, 202, body=thing("survey")),
    f"GET {API}/trainings/{{id}}": row(*OWNED),
    f"DELETE {API}/trainings/{{id}}": row(401, 404, 204, 204),
    f"GET {API}/downloads": row(*MEMBERS),
    f"POST {API}/downloads": row(401, 404, 202, 202, body=thing("survey", kind="images")),
    f"GET {API}/downloads/{{id}}": row(*OWNED),
    f"GET {API}/downloads/{{id}}/stars": row(*OWNED),
    f"GET {API}/classifiers": row(*MEMBERS),
    f"GET {API}/classifiers/{{id}}": row(*OWNED),
    f"GET {API}/classifiers/{{id}}/report": row(*OWNED),
    f"GET {API}/classifiers/{{id}}/embedding": row(*OWNED),
    f"POST {API}/classify": row(401, 404, 503, 503, form="multipart", body=upload),
}

PAGES: dict[str, Page] = {
    "/stellar/": LIST,
    "/stellar/new": LIST,
    "/stellar/register": Page(NO_FORM, (SIGN_IN, 422, 422, 422)),
    "/stellar/sample": Page(NO_FORM, (SIGN_IN, 302, 302, 302)),
    "/stellar/surveys/{id}": THING,
    "/stellar/surveys/{id}/import": THING,
    "/stellar/surveys/{id}/left-out": THING,
    "/stellar/surveys/{id}/do/{action}": ACTION,
    "/stellar/surveys/{id}/stars": THING,
    "/stellar/surveys/{id}/screening": THING,
    "/stellar/surveys/{id}/downloads": Page(MINE, (SIGN_IN, 404, 302, 302)),
    "/stellar/stars": Page((SIGN_IN, 302, 302, 302), NO_FORM),
    "/stellar/stars/{id}": THING,
    "/stellar/stars/{id}/part": THING,
    "/stellar/downloads/{id}": THING,
    "/stellar/downloads/{id}/progress": THING,
    "/stellar/downloads/{id}/do/{action}": ACTION,
    "/stellar/surveys/{id}/predictions": THING,
    "/stellar/surveys/{id}/map": THING,
    "/stellar/classify": LIST,
    "/stellar/train": Page(SHOWN, (SIGN_IN, 422, 422, 422)),
    "/stellar/train/estimate": LIST,
    "/stellar/trainings": LIST,
    "/stellar/trainings/{id}/do/{action}": ACTION,
    "/stellar/classifiers": LIST,
    "/stellar/classifiers/{id}": THING,
    "/stellar/classifiers/{id}/stars": THING,
    "/stellar/classifiers/{id}/map": THING,
    "/stellar/predict": Page(NO_FORM, (SIGN_IN, 404, 404, 404)),
    "/stellar/predictions/{id}": THING,
    "/stellar/predictions/{id}/progress": THING,
    "/stellar/predictions/{id}/do/{action}": ACTION,
    "/stellar/compare": LIST,
    "/stellar/export": LIST,
}


def extend(world: Any) -> None:
    """Add a survey of Alice's with its stars and files, a classifier, what it said, and a download."""
    survey = make_survey_row(world.alice)
    star = survey.star_rows.order_by("position")[0]
    classifier = make_classifier(world.alice, survey=survey)
    prediction = make_prediction(survey, classifier)
    training = Training.objects.get(classifier=classifier)
    done = Run.objects.create(owner=world.alice, name="Spectra", recipe="stellar.download_spectra",
                              state=RunState.COMPLETED)  # fmt: skip
    download = Download.objects.create(owner=world.alice, survey=survey, kind="spectra", run=done, state="ready")
    world.things |= {
        "survey": survey, "star": star, "classifier": classifier, "prediction": prediction,
        "star_training": training, "download": download,
    }  # fmt: skip
    for start in (API, "/stellar"):
        world.ids |= {
            f"{start}/surveys/": {"id": survey.pk, "action": "retry", "kind": "csv"},
            f"{start}/stars/": {"id": star.pk},
            f"{start}/classifiers/": {"id": classifier.pk, "action": "delete"},
            f"{start}/predictions/": {"id": prediction.pk, "action": "show"},
            f"{start}/trainings/": {"id": training.pk, "action": "delete"},
            f"{start}/downloads/": {"id": download.pk, "action": "stop"},
        }
