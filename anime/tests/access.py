"""This domain's part of the access matrix (`tests/access_table.py`): its rows, and Alice's things."""

from __future__ import annotations

import io
from typing import Any

from anime.models import Training
from anime.tests.makers import make_enrolment, make_recognition
from anime.tests.model_makers import make_collection_row, make_drawn, make_generator, make_recogniser
from ml_core.anime.tests.drawn import NAMES, draw_face
from tests.access_rows import ACTION, LIST, MEMBERS, NO_FORM, OWNED, SHOWN, SIGN_IN, THING, Page, Row, row, thing

API = "/api/v1/anime"


def image_file() -> io.BytesIO:
    """An upload that is an image."""
    stream = io.BytesIO()
    draw_face(0, 99, 64).save(stream, "PNG")
    stream.seek(0)
    stream.name = "somebody.png"
    return stream


def correction(world: Any) -> dict[str, Any]:
    """Leaves Alice's image out."""
    return {"do": "leave_out", "images": [str(world.things["character_image"].pk)]}


def with_image(*names: str, **more: Any) -> Any:
    """An image with ids of Alice's things."""
    ids = thing(*names)
    return lambda world: {**ids(world), **more, "image": image_file()}


ROWS: dict[str, Row] = {
    f"GET {API}/collections": row(*MEMBERS),
    f"POST {API}/collections": row(401, 201, 201, 201, body={"source": "sample"}),
    f"GET {API}/collections/{{id}}": row(*OWNED),
    f"PATCH {API}/collections/{{id}}": row(*OWNED, body={"name": "Renamed"}),
    f"DELETE {API}/collections/{{id}}": row(*OWNED, query="?keep_data=true"),
    f"POST {API}/collections/{{id}}/retry": row(401, 404, 400, 400),  # nothing has failed
    f"GET {API}/collections/{{id}}/health": row(*OWNED),
    f"POST {API}/collections/{{id}}/health": row(401, 404, 202, 202),
    f"POST {API}/collections/{{id}}/images": row(
        401, 404, 201, 201, form="multipart", body=with_image(character="Nobody")
    ),
    f"POST {API}/collections/{{id}}/version": row(*OWNED, body={"version": 1}),
    f"GET {API}/collections/{{id}}/corrections": row(*OWNED),
    f"POST {API}/collections/{{id}}/corrections": row(401, 404, 201, 201, body=correction),
    f"POST {API}/collections/{{id}}/corrections/apply": row(401, 404, 400, 400),  # nothing waits
    f"POST {API}/collections/{{id}}/corrections/undo": row(401, 404, 400, 400),  # nothing was corrected
    f"GET {API}/characters": row(*MEMBERS),
    f"GET {API}/characters/{{id}}": row(*OWNED),
    f"PATCH {API}/characters/{{id}}": row(*OWNED, body={"captions": ["Red hair."]}),
    f"GET {API}/images": row(*MEMBERS),
    f"GET {API}/images/{{id}}": row(*OWNED),
    f"POST {API}/recognise": row(401, 404, 503, 503, form="multipart", body=with_image("recogniser")),  # no worker
    f"GET {API}/recognitions": row(*MEMBERS),
    f"GET {API}/recognitions/{{id}}": row(*OWNED),
    f"DELETE {API}/recognitions/{{id}}": row(401, 404, 204, 204),
    f"POST {API}/recognitions/{{id}}/correct": row(*OWNED, body=thing(collection="anime", character="Nobody")),
    f"GET {API}/recognitions/{{id}}/image": row(*OWNED),
    f"GET {API}/recognitions/{{id}}/square": row(*OWNED),
    f"GET {API}/recognitions/{{id}}/map": row(*OWNED),
    f"POST {API}/search": row(401, 404, 200, 200, body=thing(collection="anime", words="aoi")),
    f"GET {API}/recognisers": row(*MEMBERS),
    f"GET {API}/recognisers/{{id}}": row(*OWNED),
    f"GET {API}/recognisers/{{id}}/report": row(*OWNED),
    f"GET {API}/recognisers/{{id}}/activation": row(401, 404, 400, 400),  # of which image?
    f"POST {API}/recognisers/{{id}}/enrol": row(401, 404, 202, 202, form="multipart", body=with_image(name="New")),
    f"POST {API}/recognisers/{{id}}/remove": row(401, 404, 202, 202, body={"name": NAMES[0]}),
    f"POST {API}/recognisers/{{id}}/use": row(*OWNED, body=thing(collection="anime")),
    f"GET {API}/enrolments": row(*MEMBERS),
    f"GET {API}/enrolments/{{id}}": row(*OWNED),
    f"GET {API}/trainings": row(*MEMBERS),
    f"POST {API}/trainings": row(401, 404, 202, 202, body=thing(collection="anime")),
    f"GET {API}/trainings/{{id}}": row(*OWNED),
    f"DELETE {API}/trainings/{{id}}": row(401, 404, 204, 204),
    f"GET {API}/compare": row(401, 400, 400, 400),  # which?
    f"GET {API}/generators": row(*MEMBERS),
    f"GET {API}/generators/{{id}}": row(*OWNED),
    f"GET {API}/generators/{{id}}/report": row(*OWNED),
    f"POST {API}/generate": row(401, 404, 503, 503, body=thing("generator", character=NAMES[0])),
    f"GET {API}/generated": row(*MEMBERS),
    f"GET {API}/generated/{{id}}": row(*OWNED),
    f"PATCH {API}/generated/{{id}}": row(*OWNED, body={"favourite": True}),
    f"DELETE {API}/generated/{{id}}": row(401, 404, 204, 204),
    f"GET {API}/generated/{{id}}/image": row(*OWNED),
}

NOT_DRAWN = Page((SIGN_IN, 404, 404, 404), NO_FORM)
"""Alice's training made a recogniser, which draws nothing."""

PAGES: dict[str, Page] = {
    "/anime/": LIST,
    "/anime/new": LIST,
    "/anime/register": Page(NO_FORM, (SIGN_IN, 422, 422, 422)),
    "/anime/use": Page(NO_FORM, (SIGN_IN, 422, 422, 422)),
    "/anime/sample": Page(NO_FORM, (SIGN_IN, 302, 302, 302)),
    "/anime/collections/{id}": THING,
    "/anime/collections/{id}/import": THING,
    "/anime/collections/{id}/health": THING,
    "/anime/collections/{id}/images": THING,
    "/anime/collections/{id}/changes": THING,
    "/anime/collections/{id}/waiting": THING,
    "/anime/collections/{id}/do/{action}": ACTION,
    "/anime/characters/{id}": THING,
    "/anime/characters/{id}/describe": ACTION,
    "/anime/characters/{id}/teach": Page(NO_FORM, (SIGN_IN, 404, 404, 404)),  # the recogniser knows it
    "/anime/recognise": LIST,
    "/anime/recognitions": LIST,
    "/anime/recognitions/{id}": THING,
    "/anime/recognitions/{id}/correct": Page(NO_FORM, (SIGN_IN, 404, 200, 200)),
    "/anime/recognitions/{id}/delete": ACTION,
    "/anime/add": LIST,
    "/anime/remove": Page(NO_FORM, (SIGN_IN, 404, 404, 404)),
    "/anime/enrolments/{id}": THING,
    "/anime/enrolments/{id}/progress": THING,
    "/anime/enrolments/{id}/do/{action}": ACTION,
    "/anime/train": Page(SHOWN, (SIGN_IN, 422, 422, 422)),
    "/anime/train/estimate": LIST,
    "/anime/trainings": LIST,
    "/anime/trainings/{id}/do/{action}": ACTION,
    "/anime/trainings/{id}/timeline": NOT_DRAWN,
    "/anime/trainings/{id}/samples": NOT_DRAWN,
    "/anime/recognisers": LIST,
    "/anime/recognisers/{id}": THING,
    "/anime/recognisers/{id}/images": THING,
    "/anime/compare": LIST,
    "/anime/generators": LIST,
    "/anime/generators/{id}": THING,
    "/anime/generate": Page(SHOWN, (SIGN_IN, 200, 200, 200)),  # the answer is a part of the page, with what is wrong
    "/anime/generated": LIST,
    "/anime/generated/{id}/do/{action}": Page(NO_FORM, (SIGN_IN, 404, 200, 200)),
    "/anime/search": Page(SHOWN, (SIGN_IN, 200, 200, 200)),
}


def extend(world: Any) -> None:
    """Add a collection of Alice's, models, and what they said and drew."""
    collection = make_collection_row(world.alice)
    image = collection.image_rows.order_by("position")[0]
    recogniser = make_recogniser(world.alice, collection)
    generator = make_generator(world.alice, collection, recogniser)
    world.things |= {
        "anime": collection, "character": image.character, "character_image": image, "recogniser": recogniser,
        "generator": generator, "recognition": make_recognition(recogniser, collection),
        "enrolment": make_enrolment(recogniser, collection), "generated": make_drawn(world.alice, generator, 1)[0],
        "character_training": Training.objects.get(weight=recogniser),
    }  # fmt: skip
    for start in (API, "/anime"):
        world.ids |= {
            f"{start}/collections/": {"id": collection.pk, "action": "examine"},
            f"{start}/characters/": {"id": image.character_id, "action": "move"},
            f"{start}/images/": {"id": image.pk},
            f"{start}/recognisers/": {"id": recogniser.pk},
            f"{start}/generators/": {"id": generator.pk},
            f"{start}/recognitions/": {"id": world.things["recognition"].pk},
            f"{start}/enrolments/": {"id": world.things["enrolment"].pk, "action": "back"},
            f"{start}/generated/": {"id": world.things["generated"].pk, "action": "favourite"},
            f"{start}/trainings/": {"id": world.things["character_training"].pk, "action": "delete"},
        }
