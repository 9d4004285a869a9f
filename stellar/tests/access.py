"""This domain's part of the access matrix (`tests/access_table.py`): its rows, and Alice's things."""

from __future__ import annotations

from typing import Any

from stellar.tests.makers import make_survey_row
from tests.access_rows import MEMBERS, OWNED, Page, row

API = "/api/v1/stellar"


ROWS = {
    f"GET {API}/surveys": row(*MEMBERS),
    f"POST {API}/surveys": row(401, 201, 201, 201, body={"source": "sample"}),
    f"GET {API}/surveys/{{id}}": row(*OWNED),
    f"PATCH {API}/surveys/{{id}}": row(*OWNED, body={"name": "Renamed"}),
    f"DELETE {API}/surveys/{{id}}": row(*OWNED),
    f"POST {API}/surveys/{{id}}/retry": row(401, 404, 400, 400),  # it is imported already
    f"GET {API}/surveys/{{id}}/report": row(*OWNED),
    f"GET {API}/surveys/{{id}}/means": row(*OWNED),
    f"GET {API}/stars": row(*MEMBERS),
    f"GET {API}/stars/{{id}}": row(*OWNED),
    f"PATCH {API}/stars/{{id}}": row(*OWNED, body={"class": "M2"}),
    f"GET {API}/stars/{{id}}/spectrum": row(*OWNED),
    f"GET {API}/stars/{{id}}/image": row(*OWNED),
    f"GET {API}/lines": row(*MEMBERS),
}

PAGES: dict[str, Page] = {}


def extend(world: Any) -> None:
    """Add a survey of Alice's with its stars and files."""
    survey = make_survey_row(world.alice)
    star = survey.star_rows.order_by("position")[0]
    world.things |= {"survey": survey, "star": star}
    for start in (API, "/stellar"):
        world.ids |= {
            f"{start}/surveys/": {"id": survey.pk, "action": "retry"},
            f"{start}/stars/": {"id": star.pk},
        }
