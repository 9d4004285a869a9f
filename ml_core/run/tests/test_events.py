from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from ml_core.run.events import EventLogError, EventWriter, read_events


def test_events_are_numbered_and_read_back_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    writer = EventWriter(path)
    for step in range(200):
        writer.write("log", {"level": "info", "message": f"line {step} with\nnewline"})
    seen, offset = [], 0
    while True:
        events, following = read_events(path, offset, limit_bytes=50)
        if following == offset:
            break
        seen += events
        offset = following
    assert [event["seq"] for event in seen] == list(range(1, 201))


def test_a_torn_last_line_is_cut_and_numbering_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    writer = EventWriter(path)
    writer.write("log", {"level": "info", "message": "one"})
    writer.close()
    with path.open("ab") as stream:
        stream.write(b'{"seq": 2, "ki')
    events, offset = read_events(path, 0)
    assert len(events) == 1
    writer = EventWriter(path)
    writer.write("log", {"level": "info", "message": "two"})
    assert [event["seq"] for event in read_events(path, offset)[0]] == [2]


def test_what_was_logged_before_a_restart_is_not_logged_again(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    for last in (5, 9):
        writer = EventWriter(path)
        for step in range(last):
            writer.write(
                "metric", {"step": step, "epoch": 0, "phase": "train", "scope": "step", "values": {"loss": 1.0}}
            )
            writer.write("log", {"level": "info", "message": f"at {step}", "step": step})
        writer.close()
    events, _ = read_events(path)
    assert [event["data"]["step"] for event in events if event["kind"] == "metric"] == list(range(9))
    assert [event["data"]["step"] for event in events if event["kind"] == "log"] == list(range(9))
    assert [event["seq"] for event in events] == list(range(1, 19))


def test_non_finite_numbers_stay_valid_json(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    EventWriter(path).write(
        "metric", {"step": 1, "phase": "train", "scope": "step", "values": {"a": float("nan"), "b": float("-inf")}}
    )
    line = path.read_text()
    assert json.loads(line, parse_constant=pytest.fail)["data"]["values"] == {"a": "NaN", "b": "-Infinity"}


def test_a_full_disk_delays_events_and_loses_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.jsonl"
    writer = EventWriter(path)
    write = os.write

    def write_half(descriptor: int, line: bytes) -> int:
        return write(descriptor, line[: len(line) // 2])

    def fail(descriptor: int, line: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    for broken in (write_half, fail):
        monkeypatch.setattr(os, "write", broken)
        writer.write("log", {"level": "info", "message": "while full"})
        assert read_events(path)[0] == []
    monkeypatch.setattr(os, "write", write)
    writer.write("log", {"level": "info", "message": "after"})
    assert [event["seq"] for event in read_events(path)[0]] == [1, 2, 3]
    monkeypatch.setattr(os, "write", fail)
    writer.write("log", {"level": "info", "message": "last"})
    with pytest.raises(EventLogError, match="disk is full"):
        writer.close()


def test_a_log_damaged_in_the_middle_is_a_typed_error(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"seq": 1, "kind"\n{"seq": 2, "kind": "log", "data": {}}\n')
    with pytest.raises(EventLogError):
        EventWriter(path)
