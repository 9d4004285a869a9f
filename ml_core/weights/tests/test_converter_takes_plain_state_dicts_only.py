"""A `.pth` is converted in a sandbox when it is a plain state dict, and refused otherwise; its code never runs."""

from __future__ import annotations

import ast
import io
import json
import pickle
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import ml_core
from ml_core.weights import convert_pth as convert_module
from ml_core.weights import sandbox_child
from ml_core.weights.convert_pth import Limits, convert_pth
from ml_core.weights.errors import ConversionError, UnsafeWeightError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder, so that what is left behind can be seen."""
    empty = tmp_path / "empty"
    empty.mkdir()
    return empty


def saved(value: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream, **options)
    return stream.getvalue()


def plain() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).state_dict()


class Runs:
    """Pickles into a call of `open` that makes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return open, (str(self.marker), "w")


def repacked(content: bytes, data_pkl: bytes | None = None, **more: bytes) -> bytes:
    """The zip of torch.save with another pickle or with more members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        for member in old.infolist():
            body = old.read(member)
            new.writestr(member.filename, data_pkl if data_pkl and member.filename.endswith("data.pkl") else body)
        for name, body in more.items():
            new.writestr("archive/" + name, body)
    return stream.getvalue()


@pytest.mark.process
def test_a_state_dict_comes_out_equal_and_the_original_is_gone(folder: Path) -> None:
    state = plain() | {"tied": plain()["0.weight"].transpose(0, 1)}
    source, target = folder / "in.pth", folder / "out.safetensors"
    source.write_bytes(saved(state))
    conversion = convert_pth(source, target)
    loaded = load_file(target)
    assert loaded.keys() == state.keys() == conversion.header.tensors.keys()
    assert all(torch.equal(loaded[name], state[name]) for name in state)
    assert sorted(path.name for path in folder.iterdir()) == ["out.safetensors"]


@pytest.mark.process
def test_a_file_with_code_is_refused_not_run_and_removed(folder: Path) -> None:
    source, marker = folder / "in.pth", folder / "marker"
    source.write_bytes(saved({"a": Runs(marker)}))
    with pytest.raises(UnsafeWeightError) as caught:
        convert_pth(source, folder / "out.safetensors")
    assert caught.value.code == "weights.unsafe" and "io.open" in caught.value.message
    assert list(folder.iterdir()) == []


@pytest.mark.process
def test_a_child_that_takes_too_long_is_ended(folder: Path) -> None:
    source = folder / "in.pth"
    source.write_bytes(saved(plain()))
    with pytest.raises(ConversionError) as caught:
        convert_pth(source, folder / "out.safetensors", Limits(timeout_s=0.05))
    assert caught.value.code == "weights.conversion_timeout"
    assert list(folder.iterdir()) == []


def test_a_file_over_the_limit_never_reaches_the_child(folder: Path) -> None:
    source = folder / "in.pth"
    source.write_bytes(bytes(2000))
    with pytest.raises(ConversionError) as caught:
        convert_pth(source, folder / "out.safetensors", Limits(max_bytes=1000))
    assert caught.value.code == "weights.too_large"
    assert not source.exists()


def test_a_torch_with_known_holes_converts_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convert_module, "version", lambda _: "2.9.1+cpu")
    source = folder / "in.pth"
    source.write_bytes(saved(plain()))
    with pytest.raises(ConversionError) as caught:
        convert_pth(source, folder / "out.safetensors")
    assert caught.value.code == "weights.torch_too_old" and not source.exists()


def refusal(path: Path, content: bytes) -> sandbox_child.Refused:
    path.write_bytes(content)
    with pytest.raises(sandbox_child.Refused) as caught:
        sandbox_child.read_state_dict(torch, str(path), 10**9)
    return caught.value


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (torch.nn.Linear(2, 2), "weights.unsafe"),
        (torch.zeros(3), "weights.not_state_dict"),
        ([torch.zeros(3)], "weights.not_state_dict"),
        ({}, "weights.not_state_dict"),
        ({"epoch": 3, "state_dict": plain()}, "weights.not_state_dict"),
        ({1: torch.zeros(1)}, "weights.not_state_dict"),
        ({"a": torch.zeros(1, dtype=torch.complex64)}, "weights.unsafe"),
        ({"a": torch.zeros(1).expand(10**12)}, "weights.too_large"),
    ],
)
def test_anything_but_a_plain_state_dict_is_refused(folder: Path, value: Any, code: str) -> None:
    assert refusal(folder / "in.pth", saved(value)).body["code"] == code


def test_formats_of_old_torch_and_bare_pickles_are_refused(folder: Path) -> None:
    legacy = saved(plain(), _use_new_zipfile_serialization=False)
    assert refusal(folder / "a.pth", legacy).body["code"] == "weights.legacy_format"
    assert refusal(folder / "b.pth", pickle.dumps({"a": 1})).body["code"] == "weights.legacy_format"


@pytest.mark.parametrize(
    "content",
    [
        saved(plain())[:700],
        b"PK\x03\x04",
        b"PK\x05\x06" + bytes(18),
        repacked(saved(plain()), data_pkl=b"\x80\x02}q"),
    ],
)
def test_damaged_archives_are_refused(folder: Path, content: bytes) -> None:
    assert refusal(folder / "in.pth", content).body["code"] in ("weights.truncated", "weights.unsafe")


def test_archives_with_programs_or_packed_members_are_refused(folder: Path) -> None:
    script = repacked(saved(plain()), **{"code/model.py": b"", "constants.pkl": b"."})
    assert "TorchScript" in str(refusal(folder / "a.pth", script))
    second = repacked(saved(plain()), **{"other.pkl": b"."})
    assert refusal(folder / "b.pth", second).body["code"] == "weights.unsafe"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}." + bytes(10**6))
    assert "compressed" in str(refusal(folder / "c.pth", stream.getvalue()))


@pytest.mark.parametrize("protocol", [0, 1, 2, 4, 5])
def test_names_hidden_in_other_pickle_protocols_are_refused(folder: Path, protocol: int) -> None:
    hostile = repacked(saved(plain()), data_pkl=pickle.dumps(Runs(folder / "marker"), protocol))
    assert refusal(folder / "in.pth", hostile).body["code"] == "weights.unsafe"
    assert not (folder / "marker").exists()


def test_a_refused_load_is_not_tried_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[dict[str, Any]] = []

    def failing(*_: Any, **options: Any) -> None:
        calls.append(options)
        raise RuntimeError("Weights only load failed.")

    monkeypatch.setattr(torch, "load", failing)
    refusal(folder / "in.pth", saved(plain()))
    assert calls == [{"map_location": "cpu", "weights_only": True}]


def test_every_torch_load_of_the_package_says_weights_only() -> None:
    root = Path(ml_core.__file__).parent
    calls = [
        call
        for path in root.rglob("*.py")
        if "tests" not in path.parts
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "torch.load"
    ]
    flags = [{key.arg: ast.unparse(key.value) for key in call.keywords}.get("weights_only") for call in calls]
    assert flags and set(flags) == {"True"}


_PROBE = """
import json, socket, sys
sys.path.insert(0, {package!r})
import sandbox_child as child
notes = child.leave_network() + child.enter_folder({folder!r})
found = []
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=1); found.append("network")
except OSError: pass
try:
    open({outside!r}, "w"); found.append("write outside")
except OSError: pass
try:
    open("/etc/passwd"); found.append("read outside")
except OSError: pass
open({folder!r} + "/inside", "w").close()
print(json.dumps([notes, found]))
"""


@pytest.mark.process
def test_the_sandbox_has_no_network_and_no_files_outside_its_folder(tmp_path: Path, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        probe = _PROBE.format(
            package=str(Path(sandbox_child.__file__).parent), folder=str(folder),
            outside=str(tmp_path / "outside"), port=server.getsockname()[1],
        )  # fmt: skip
        done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    notes, found = json.loads(done.stdout)
    allowed = set()  # what this machine does not offer is noted, and only that may fail
    if any("network" in note for note in notes):
        allowed.add("network")
    if any("Landlock" in note for note in notes):
        allowed |= {"write outside", "read outside"}
    assert set(found) <= allowed
    assert (folder / "inside").exists()


def test_the_pickle_scan_stops_at_the_first_foreign_name() -> None:
    content = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\ncposix\nsystem\n."
    with pytest.raises(sandbox_child.Refused, match=r"posix\.system"):
        sandbox_child.scan_pickle(content)
    sandbox_child.scan_pickle(b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n.")
