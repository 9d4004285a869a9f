from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import ml_core
from ml_core.run.cli import main
from ml_core.run.control import send_command
from ml_core.run.directory import RunDirectory, RunDirectoryError
from ml_core.run.events import read_events


def _kinds(out: Path, kind: str) -> list[dict[str, object]]:
    return [event["data"] for event in read_events(out / "events.jsonl")[0] if event["kind"] == kind]


def test_a_run_leaves_its_record_events_and_result(tmp_path: Path, sample_recipe: str) -> None:
    out = tmp_path / "run"
    assert main([sample_recipe, "--out", str(out), "--set", "seed=3", "--id", "abc"]) == 0
    record = json.loads((out / "run.json").read_text())
    assert (record["recipe"], record["seed"], record["id"], record["config"]["fit"]["epochs"]) == (
        sample_recipe,
        3,
        "abc",
        3,
    )
    assert {"python", "torch", "cvstudio"} <= set(record["versions"])
    assert json.loads((out / "result.json").read_text())["metrics"] == {"epochs": 3}
    assert [state["state"] for state in _kinds(out, "state")] == ["running", "completed"]
    assert _kinds(out, "artifact")[0]["name"] == "facts.txt"


def test_a_used_folder_is_refused_with_a_cure(
    tmp_path: Path, sample_recipe: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "mine.txt").write_text("x")
    assert main([sample_recipe, "--out", str(out)]) == 2
    assert "--resume" in capsys.readouterr().err
    assert [entry.name for entry in out.iterdir()] == ["mine.txt"]


def test_a_wrong_key_is_a_usage_error_and_makes_no_folder(
    tmp_path: Path, sample_recipe: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main([sample_recipe, "--out", str(out), "--set", "fit.epoch=1"]) == 2
    error = json.loads(capsys.readouterr().err.splitlines()[-1])["error"]
    assert error["where"] == "fit.epoch"
    assert not out.exists()


def test_an_unknown_recipe_names_the_nearest(capsys: pytest.CaptureFixture[str], sample_recipe: str) -> None:
    assert main(["sample.cuont", "--out", "x"]) == 2
    assert 'Did you mean "sample.count"?' in capsys.readouterr().err


def test_a_waiting_pause_is_obeyed_once_and_resume_completes(tmp_path: Path, sample_recipe: str) -> None:
    out = tmp_path / "run"
    out.mkdir()
    send_command(out, "pause", 1)
    assert main([sample_recipe, "--out", str(out)]) == 3
    assert json.loads((out / "result.json").read_text())["state"] == "paused"
    assert main([sample_recipe, "--out", str(out), "--resume"]) == 0
    assert main([sample_recipe, "--out", str(out), "--resume"]) == 0, "a completed run needs nothing more"
    assert [state["state"] for state in _kinds(out, "state")] == ["running", "paused", "running", "completed"]


def test_stop_ends_with_its_own_code(tmp_path: Path, sample_recipe: str) -> None:
    out = tmp_path / "run"
    out.mkdir()
    send_command(out, "stop", 1)
    assert main([sample_recipe, "--out", str(out)]) == 4


def test_an_unexpected_fault_hides_its_text_from_the_log(tmp_path: Path, sample_recipe: str) -> None:
    out = tmp_path / "run"
    assert main([sample_recipe, "--out", str(out), "--set", "fail=true"]) == 1
    result = json.loads((out / "result.json").read_text())
    assert (result["state"], result["cause"], result["error"]["code"]) == ("failed", "code", "internal")
    assert "/path" not in (out / "events.jsonl").read_text()
    assert "/path" in (out / "crash.txt").read_text()


def test_a_sealed_configuration_cannot_change_except_where_the_result_does_not_depend_on_it(
    tmp_path: Path, sample_recipe: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main([sample_recipe, "--out", str(out), "--set", "fail=true"]) == 1
    assert main([sample_recipe, "--out", str(out), "--resume", "--set", "fail=true", "--set", "seed=9"]) == 2
    assert "seed" in capsys.readouterr().err
    assert main([sample_recipe, "--out", str(out), "--resume", "--set", "fail=true", "--set", "fit.threads=2"]) == 1


def test_other_data_are_refused_on_resume(tmp_path: Path, sample_recipe: str) -> None:
    out = tmp_path / "run"
    main([sample_recipe, "--out", str(out)])
    directory = RunDirectory(out)
    directory.set_data_fingerprint("sha256:a")
    directory.set_data_fingerprint("sha256:a")
    with pytest.raises(RunDirectoryError, match="differ"):
        directory.set_data_fingerprint("sha256:b")


def test_a_second_process_does_not_enter_a_locked_folder(tmp_path: Path) -> None:
    first, second = RunDirectory(tmp_path), RunDirectory(tmp_path)
    first.lock()
    with pytest.raises(RunDirectoryError, match="Another process"):
        second.lock(wait_s=0.1)
    first.unlock()
    second.lock(wait_s=0.1)
    second.unlock()


def test_listing_is_fast_and_free_of_torch_and_django() -> None:
    began = time.monotonic()
    script = (
        "import sys\nfrom ml_core.run.cli import main\nmain(['list'])\n"
        "assert not {'torch', 'django', 'torchvision'} & set(sys.modules), 'heavy import'\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)
    assert time.monotonic() - began < 3, "well under a second on a quiet machine; tests may share theirs"


def test_a_supervised_run_pauses_when_its_supervisor_goes(tmp_path: Path) -> None:
    script = tmp_path / "child.py"
    script.write_text(
        "import sys, time\n"
        "from ml_core.run import registry\n"
        "from ml_core.run.cli import main\n"
        "from ml_core.run.config import RecipeConfig\n"
        "@registry.recipe('sample.wait', RecipeConfig, title='Wait', summary='Waits.')\n"
        "def wait(config, run):\n"
        "    print('up', flush=True)\n"
        "    while True:\n"
        "        run.raise_if_requested()\n"
        "        time.sleep(0.01)\n"
        f"sys.exit(main(['sample.wait', '--out', {str(tmp_path / 'run')!r}, '--supervised']))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(ml_core.__file__).parents[1])}
    child = subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    assert child.stdin and child.stdout
    assert child.stdout.readline() == b"up\n"
    child.stdin.close()
    assert child.wait(timeout=20) == 3
    child.stdout.close()
    assert json.loads((tmp_path / "run" / "result.json").read_text())["cause"] == "orphaned"
