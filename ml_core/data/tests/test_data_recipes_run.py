"""The two recipes work from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from ml_core.data.tests.pictures import image_folder
from ml_core.run.cli import main
from ml_core.run.registry import get_recipe


def test_import_and_statistics_from_the_command_line(tmp_path: Path) -> None:
    source = image_folder(tmp_path / "in", {"a": 20, "b": 20})
    version, out = tmp_path / "v1", tmp_path / "run1"
    assert main(["data.import", "--set", f"source={source}", "--set", f"version={version}", "--out", str(out)]) == 0
    result = json.loads((out / "result.json").read_text())
    assert result["metrics"]["images"] == 40
    assert result["version"]["classes"] == ["a", "b"]
    assert (out / "artifacts" / "rejects.csv").read_text() == "path,reason,cure\n"
    out = tmp_path / "run2"
    assert main(["data.statistics", "--set", f"version={version}", "--set", f"root={source}", "--out", str(out)]) == 0
    assert (out / "artifacts" / "statistics.json").read_bytes() == (version / "statistics.json").read_bytes()


def test_a_refused_import_leaves_its_rejects_as_an_artifact(tmp_path: Path) -> None:
    source = image_folder(tmp_path / "in", {"a": 5, "b": 5})
    (source / "a" / "bad.png").write_bytes(b"hello")
    out = tmp_path / "run"
    arguments = ["--set", f"source={source}", "--set", f"version={tmp_path / 'v1'}", "--out", str(out)]
    assert main(["data.import", *arguments]) == 1
    result = json.loads((out / "result.json").read_text())
    assert (result["error"]["code"], result["cause"]) == ("import.rejects", "data")
    assert "a/bad.png" in (out / "artifacts" / "rejects.csv").read_text()
    assert '"artifact"' in (out / "events.jsonl").read_text()


def test_forms_can_be_made_from_the_configurations() -> None:
    for name in ("data.import", "data.statistics"):
        described = get_recipe(name).describe()
        assert described["queue"] == "io"
        assert all(entry.get("description") for entry in described["schema"]["properties"].values())
