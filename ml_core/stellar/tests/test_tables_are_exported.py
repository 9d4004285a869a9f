"""Tables as files: readable by astropy with units, exact in every digit, harmless to spreadsheets, small in memory."""

from __future__ import annotations

import csv
import io
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits, votable
from astropy.table import Table

from ml_core.errors import CodedError
from ml_core.stellar.export import FORMATS, Column, write_table

COLUMNS = (
    Column("name", "text", ucd="meta.id;meta.main", description="Name"),
    Column("ra", "number", unit="deg", ucd="pos.eq.ra;meta.main", description="Right ascension"),
    Column("plate", "whole", description="Plate"),
    Column("complete", "flag", description="All there"),
)
ROWS = [
    ("1234567890123456789", 150.123456789012345, 300, True),
    ('a < b & "c", d', None, None, None),
    ("Γ Cas, 恒星", -1e-300, 9_999_999, False),
]
READERS = {"csv": "ascii.ecsv", "votable": "votable", "fits": "fits"}


def written(folder: Path, form: str, rows: Any = ROWS, **more: Any) -> Path:
    path = folder / f"table{FORMATS[form][0]}"
    write_table(path, form, COLUMNS, rows, about={"survey": "Field <7>, 恒星"}, **more)
    return path


@pytest.mark.parametrize("form", FORMATS)
def test_every_cell_comes_back_as_it_was(tmp_path: Path, form: str) -> None:
    table = Table.read(written(tmp_path, form), format=READERS[form])
    names = [value.decode() if isinstance(value, bytes) else str(value) for value in table["name"]]
    assert names == [row[0] for row in ROWS]
    assert str(table["ra"].unit) == "deg" and table["plate"].unit is None
    assert table["ra"][0] == ROWS[0][1] and table["ra"][2] == -1e-300 and table["plate"][2] == 9_999_999
    assert all(str(table[name][1]) in ("--", "nan") for name in ("ra", "plate", "complete"))
    assert [bool(table["complete"][row]) for row in (0, 2)] == [True, False]


@pytest.mark.parametrize("form", FORMATS)
def test_a_table_without_rows_has_its_columns(tmp_path: Path, form: str) -> None:
    table = Table.read(written(tmp_path, form, []), format=READERS[form])
    assert table.colnames == [column.name for column in COLUMNS] and len(table) == 0


def test_files_obey_their_standards(tmp_path: Path) -> None:
    parsed = votable.parse(written(tmp_path, "votable"), verify="exception")
    assert parsed.get_first_table().get_field_by_id_or_name("ra").description == "Right ascension"
    assert [info.value for info in parsed.resources[0].infos] == ["Field <7>, 恒星"]
    with fits.open(written(tmp_path, "fits")) as opened:
        opened.verify("exception")
        assert opened[1].header["TUNIT2"] == "deg" and opened[1].header["TNULL3"] == -1


def test_plain_csv_has_nothing_but_names_and_values(tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(written(tmp_path, "csv", plain=True).read_text())))
    assert rows[0] == ["name", "ra", "plate", "complete"]
    assert rows[1][0] == ROWS[0][0] and rows[2] == [ROWS[1][0], "", "", ""]
    path = tmp_path / "formula.csv"
    write_table(path, "csv", COLUMNS[:1], [("=HYPERLINK(1)",)], plain=True)
    assert path.read_text().splitlines()[1] == "'=HYPERLINK(1)"


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CodedError) as caught:
        write_table(tmp_path / "t", "xlsx", COLUMNS, ROWS)
    assert caught.value.code == "export.format" and "votable" in caught.value.hint


def test_rows_are_not_all_held_at_once(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    count = 15_000
    for form in FORMATS:
        written(tmp_path, form, [])  # what the libraries load counts for nobody
        rows = ((str(n << 50), float(rng.uniform()), n, n % 2 == 0) for n in range(count))
        tracemalloc.start()
        written(tmp_path, form, rows)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 9e6, f"{form} took {peak / 1e6:.0f} MB for {count} rows"
