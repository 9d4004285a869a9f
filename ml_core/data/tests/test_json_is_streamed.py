"""A JSON document is read element by element, and equals what the standard library reads at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ml_core.data.readers import json_stream
from ml_core.data.readers.json_stream import read_document
from ml_core.errors import FormatError


def read(path: Path, *keys: str) -> dict[str, Any]:
    found: dict[str, list[Any]] = {key: [] for key in keys}
    rest = read_document(path, {key: values.append for key, values in found.items()})
    return {**rest, **found}


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64, 1 << 20])
@pytest.mark.parametrize("indent", [None, 2])
def test_any_cut_of_the_text_gives_the_same(
    piece: int, indent: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = {
        "info": {"a": [1, 2, {"b": None}]}, "images": [{"id": 1, "file_name": "ä€😀\\\"],}.jpg"}, {"id": 2}],
        "empty": [],
        "annotations": [1234567, 1.5e-7, "x", [], {}, [[1], [2]], True, None, -12], "version": 123456,
    }  # fmt: skip
    path = tmp_path / "x.json"
    path.write_text(json.dumps(document, indent=indent, ensure_ascii=False), encoding="utf-8-sig")
    monkeypatch.setattr(json_stream, "_PIECE", piece)
    assert read(path, "images", "annotations", "empty") == document


@pytest.mark.parametrize(
    "text",
    ['{"images": [{"id": 1}', '{"images": [1 2]}', "{", '{"a": }', '{"a" 1}', "{1: 2}", "", "{]",
     '{"images": ' + "[" * 100_000, '{"images": [{"id": 1}]', '{"a": 1,}x'],
)  # fmt: skip
def test_damage_is_a_typed_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(FormatError) as caught:
        read(path, "images")
    assert caught.value.code == "json.damaged"
    assert caught.value.where.startswith("x.json")


def test_a_list_and_bytes_that_are_no_text_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("[1]")
    with pytest.raises(FormatError, match="object"):
        read(path)
    path.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(FormatError, match="UTF-8"):
        read(path)


def test_a_value_without_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream, "_MAX_VALUE", 1000)
    monkeypatch.setattr(json_stream, "_PIECE", 100)
    path = tmp_path / "x.json"
    path.write_text('{"a": "' + "x" * 100_000)
    with pytest.raises(FormatError) as caught:
        read(path)
    assert caught.value.code == "json.too_large"


def test_progress_counts_bytes_and_may_cancel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "_PIECE", 1000)
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"images": list(range(10_000))}))
    seen: list[int] = []
    read_document(path, {"images": lambda entry: None}, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == path.stat().st_size

    def cancel(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_document(path, {"images": lambda entry: None}, cancel)
