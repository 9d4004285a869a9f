"""Pages by cursor: complete, in order, in both directions, whatever is in the cursor."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from cvstudio.common.keyset import Sort, keyset_page

pytestmark = pytest.mark.django_db
SORTS = {"created": Sort("created_at", "time"), "name": Sort("name")}


@pytest.fixture
def rows(alice):
    from cvstudio.architectures.models import Architecture

    for index in range(7):
        Architecture.objects.create(owner=alice, name=f"n{index % 3}")
    return Architecture.objects.all()


def walk(rows, sort, size=2):
    pages, cursor = [], ""
    while True:
        page = keyset_page(rows, SORTS, sort, cursor, size)
        pages.append([row.id for row in page.rows])
        cursor = page.next_cursor
        if not cursor:
            return pages, page


@pytest.mark.parametrize("sort", ["name", "-name", "created", "-created"])
def test_all_rows_come_once_in_order_even_with_equal_values(rows, sort):
    pages, _ = walk(rows, sort)
    found = [row_id for page in pages for row_id in page]
    field = "name" if "name" in sort else "created_at"
    sign = "-" if sort.startswith("-") else ""
    assert found == list(rows.order_by(f"{sign}{field}", f"{sign}id").values_list("id", flat=True))


def test_going_back_shows_the_pages_as_they_were(rows):
    pages, last = walk(rows, "name")
    shown, page = [[row.id for row in last.rows]], last
    while page.previous_cursor:
        page = keyset_page(rows, SORTS, "name", page.previous_cursor, 2)
        shown.insert(0, [row.id for row in page.rows])
    assert [row_id for part in shown for row_id in part] == [row_id for part in pages for row_id in part]


@pytest.mark.parametrize("cursor", ["x", "!!!", "bnVsbA", "WzEsMl0", "é"])
def test_a_cursor_that_makes_no_sense_starts_at_the_beginning(rows, cursor):
    first = keyset_page(rows, SORTS, "name", "", 3)
    assert [row.id for row in keyset_page(rows, SORTS, "name", cursor, 3).rows] == [row.id for row in first.rows]


def test_an_unknown_sort_is_the_default(rows):
    newest = keyset_page(rows, SORTS, "password", "", 1).rows[0]
    assert newest == rows.order_by("-created_at", "-id").first()


def test_an_empty_list_has_no_neighbours():
    page = keyset_page(Group.objects.all(), {"name": Sort("name")}, "name", "", 5, default="name")
    assert (page.rows, page.next_cursor, page.previous_cursor) == ([], "", "")
