from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import nn

from ml_core.engine import checkpoint, loop
from ml_core.engine.batches import count_batches, epoch_batches, share
from ml_core.engine.checkpoint import list_checkpoints, name_of
from ml_core.engine.config import FitConfig
from ml_core.engine.device import choose_device
from ml_core.engine.ema import MovingAverage
from ml_core.engine.loop import fit
from ml_core.engine.schedule import rate_factor
from ml_core.engine.task import FitData, ParameterGroup, Step, TensorData
from ml_core.engine.tests.toy import BASE, FEATURES, NoisyData, ToyTask, build, facts_of, open_run, train
from ml_core.errors import CheckpointError, ConfigError, DeviceError, NonFiniteLossError
from ml_core.run.causes import cause_of
from ml_core.run.control import send_command
from ml_core.run.events import read_events
from ml_core.run.seeds import mix


def _warnings(folder: Path) -> list[str]:
    events, _ = read_events(folder / "events.jsonl", 0, 1 << 30)
    return [event["data"]["message"] for event in events if event["data"].get("level") == "warning"]


def test_the_loop_is_the_textbook_loop(tmp_path: Path) -> None:
    """A hand-written training with torch's own parts gives the same bits."""
    changes = {"epochs": 3, "accumulate": 1, "ema_decay": None, "schedule": "cosine", "warmup_steps": 0}
    task, _ = train(
        open_run(tmp_path), **changes, monitor_mode="max", monitor="loss"
    )  # the last epoch need not be best
    last = checkpoint.read_checkpoint(list_checkpoints(tmp_path / "checkpoints")[-1]).model

    torch.manual_seed(5)
    model = ToyTask().model
    torch.manual_seed(mix(5, "fit"))
    data = NoisyData(noise_seed=5)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.01)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 3 * 8)
    losses = []
    model.train()
    for epoch in range(3):
        order = torch.randperm(len(data), generator=torch.Generator().manual_seed(mix(5, "order", epoch))).tolist()
        for start in range(0, len(order), 8):
            points, labels = data.batch(order[start : start + 8], epoch)
            loss = nn.functional.cross_entropy(model(points), labels)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            scheduler.step()
            losses.append(loss.item())
    logged = [
        dict(fact[4])["loss"] for fact in facts_of(tmp_path) if fact[0] == "metric" and fact[2:4] == ("train", "step")
    ]
    assert logged == losses
    for name, tensor in model.state_dict().items():
        assert torch.allclose(tensor, last[name], atol=1e-6), name


def test_every_sample_is_seen_once_an_epoch_and_a_lone_last_one_is_left_out() -> None:
    assert [count_batches(n, 4) for n in (1, 3, 4, 5, 6, 8, 9)] == [1, 1, 1, 1, 2, 2, 2]
    batches = epoch_batches(3, 0, 61, 8)
    assert sorted(index for batch in batches for index in batch) == list(range(61))
    assert epoch_batches(3, 1, 61, 8) != batches
    assert sum(map(len, epoch_batches(3, 0, 65, 8))) == 64


def test_shares_of_a_batch_are_disjoint_and_never_empty() -> None:
    batch = list(range(10, 17))
    parts = [share(batch, rank, 3) for rank in range(3)]
    assert sorted(index for part in parts for index in part) == batch
    assert [share([5], rank, 3) for rank in range(3)] == [[5], [5], [5]]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"schedule": "constant", "warmup_steps": 4}, [0.25, 0.5, 0.75, 1, 1, 1]),
        ({"schedule": "cosine"}, [1, 0.933, 0.75, 0.5, 0.25, 0.067]),
        ({"schedule": "cosine", "final_rate": 0.5}, [1, 0.967, 0.875, 0.75, 0.625, 0.533]),
        ({"schedule": "step", "step_epochs": 1}, [1, 1, 0.1, 0.1, 0.01, 0.01]),
    ],
)
def test_schedules_give_the_rates_that_their_names_promise(settings: Any, expected: list[float]) -> None:
    config = FitConfig(**settings)
    assert [rate_factor(config, step, 6, 2) for step in range(6)] == pytest.approx(expected, abs=1e-3)


def test_the_plateau_schedule_lowers_the_rate_when_nothing_improves(tmp_path: Path) -> None:
    train(open_run(tmp_path), epochs=5, warmup_steps=0, min_delta=9.0, plateau_patience=2, ema_decay=None)
    values = [dict(fact[4]) for fact in facts_of(tmp_path) if fact[0] == "metric" and fact[3] == "step"]
    rates = [value["learning_rate"] for value in values if "learning_rate" in value]
    assert rates[:12] == [0.01] * 12
    assert rates[-1] == pytest.approx(0.001)


def test_accumulated_batches_step_like_one_large_batch(tmp_path: Path) -> None:
    class Plain(ToyTask):
        def __init__(self) -> None:
            super().__init__()
            self.model = nn.Linear(FEATURES, 3)

    def run(folder: Path, **settings: Any) -> torch.Tensor:
        torch.manual_seed(0)
        task = Plain()
        data = NoisyData(64)
        fit(
            task,
            FitData(data),
            FitConfig(**{**BASE, "ema_decay": None, "clip_norm": None, **settings}),
            open_run(folder),
        )
        return task.model.weight.detach()

    small = run(tmp_path / "a", batch_size=8, accumulate=4, monitor="loss")
    large = run(tmp_path / "b", batch_size=32, accumulate=1, monitor="loss")
    assert torch.allclose(small, large, atol=1e-6)


def test_patience_ends_the_training_and_the_best_weights_are_delivered(tmp_path: Path) -> None:
    task, result = train(open_run(tmp_path), epochs=50, patience=2, ema_decay=None, learning_rate=0.1)
    assert result.stop_reason == "patience"
    assert result.epochs == result.best_epoch + 2
    assert result.metrics["val"]["accuracy"] == result.best_score
    best = checkpoint.read_checkpoint(tmp_path / "checkpoints" / name_of(result.best_step or 0))
    assert "best" in best.facts.tags
    assert all(torch.equal(t, best.model[name]) for name, t in task.model.state_dict().items())


def test_a_task_that_sees_no_use_in_more_ends_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(ToyTask, "begin_validation", lambda task: (asked.append(1), task._noted.clear())[1])
    monkeypatch.setattr(ToyTask, "wants_stop", property(lambda _task: len(asked) >= 2))
    _, result = train(open_run(tmp_path))
    assert (result.epochs, result.stop_reason) == (2, "task") and result.best_epoch in (1, 2)


def test_only_the_last_and_the_best_checkpoints_stay(tmp_path: Path) -> None:
    _, result = train(open_run(tmp_path), epochs=12, keep_last=2, accumulate=1)
    steps = {int(path.name.removeprefix("step-")) for path in list_checkpoints(tmp_path / "checkpoints")}
    assert steps == {88, 96, result.best_step}


def test_checkpoints_are_ordered_by_number_not_by_text(tmp_path: Path) -> None:
    for name in ("step-9", "step-10", "step-100000000", "step-00000099", "notes"):
        (tmp_path / name).mkdir()
    names = [path.name for path in list_checkpoints(tmp_path)]
    assert names == ["step-9", "step-10", "step-00000099", "step-100000000"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_names_step_batch_and_items(tmp_path: Path, value: float) -> None:
    data = NoisyData(40)
    data.points[13] = value
    torch.manual_seed(0)
    settings = {**BASE, "accumulate": 1, "log_every_steps": 1000}
    order = epoch_batches(5, 0, 40, 8)
    batch = next(i for i, indices in enumerate(order) if 13 in indices)
    with pytest.raises(NonFiniteLossError) as caught:
        fit(ToyTask(), FitData(data, NoisyData(9)), FitConfig(**settings), open_run(tmp_path))
    assert caught.value.where == f"epoch 1, step {batch + 1}, batch {batch}"
    assert "item 13" in caught.value.hint
    assert cause_of(caught.value) == "data"
    assert not list_checkpoints(tmp_path / "checkpoints"), "a state with broken weights is never kept"


def test_a_full_disk_in_the_middle_is_a_warning_and_at_the_end_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = safetensors.torch.save_file
    full = {8}

    def save_or_fail(tensors: Any, path: Path) -> None:
        step = int(path.parent.name.rsplit("-", 1)[1])
        save(tensors, path)
        if step in full:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(safetensors.torch, "save_file", save_or_fail)
    train(open_run(tmp_path / "middle"))
    assert any("needs" in text and "bytes" in text for text in _warnings(tmp_path / "middle"))
    kept = [path.name for path in list_checkpoints(tmp_path / "middle" / "checkpoints")]
    assert "step-00000008" not in kept
    assert "step-00000016" in kept
    assert not list((tmp_path / "middle" / "checkpoints").glob(".*"))

    full |= {1, 16}
    with pytest.raises(CheckpointError) as caught:
        train(open_run(tmp_path / "end"))
    assert caught.value.code == checkpoint.DISK_FULL_CODE
    run = open_run(tmp_path / "paused")
    send_command(tmp_path / "paused", "pause", 1)
    with pytest.raises(CheckpointError, match="disk is full"):
        train(run)


def test_safetensors_own_error_for_a_full_disk_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise safetensors.SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(safetensors.torch, "save_file", fail)
    state = {"step": 1, "epoch": 0, "tags": [], "metrics": {}}
    with pytest.raises(CheckpointError, match="400 bytes"):
        checkpoint.write_checkpoint(tmp_path, {"w": torch.zeros(100)}, {}, state)
    assert list(tmp_path.iterdir()) in ([], [tmp_path / "data"])


def test_a_crash_while_replacing_a_checkpoint_keeps_one_of_the_two(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    state = {"step": 7, "epoch": 0, "tags": [], "metrics": {}}
    written = checkpoint.write_checkpoint(folder, {"w": torch.ones(3)}, {}, state)
    written.path.rename(folder / ".replaced-step-00000007")
    (folder / ".writing-step-00000007").mkdir()
    checkpoint.clean_up(folder)
    assert [path.name for path in folder.iterdir()] == ["step-00000007"]
    assert torch.equal(checkpoint.read_checkpoint(written.path).model["w"], torch.ones(3))


def test_tied_weights_are_stored_once_and_come_back(tmp_path: Path) -> None:
    shared = torch.randn(4, 4)
    state = {"step": 1, "epoch": 0, "tags": [], "metrics": {}}
    written = checkpoint.write_checkpoint(tmp_path, {"a": shared, "b": shared}, {}, state)
    loaded = checkpoint.read_checkpoint(written.path)
    assert torch.equal(loaded.model["a"], shared)
    assert torch.equal(loaded.model["b"], shared)
    assert list(safetensors.torch.load_file(written.path / "model.safetensors")) == ["a"]


def test_several_parts_train_in_turn_without_touching_each_other(tmp_path: Path) -> None:
    class Pair(ToyTask):
        def __init__(self) -> None:
            self.model = nn.ModuleDict({"maker": nn.Linear(FEATURES, FEATURES), "critic": nn.Linear(FEATURES, 1)})
            self.touched: list[str] = []

        def parameter_groups(self) -> dict[str, list[ParameterGroup]]:
            return {name: [ParameterGroup(list(part.parameters()))] for name, part in self.model.items()}

        def part_step(self, part: str, batch: Any) -> Step:
            points, _ = batch
            for name, module in self.model.items():
                assert all(p.requires_grad == (name == part) for p in module.parameters())
                assert all(p.grad is None for p in module.parameters())
            self.touched.append(part)
            score = self.model["critic"](self.model["maker"](points)).mean()
            return Step(score**2 if part == "maker" else (score - 1) ** 2, len(points))

    torch.manual_seed(0)
    task = Pair()
    settings = {**BASE, "accumulate": 1, "epochs": 1, "monitor": "loss", "ema_decay": None}
    fit(task, FitData(NoisyData(32)), FitConfig(**settings), open_run(tmp_path))
    assert task.touched == ["maker", "critic"] * 4
    names = {name for fact in facts_of(tmp_path) if fact[0] == "metric" for name, _ in fact[4]}
    assert {"maker.loss", "critic.loss"} <= names


def test_a_wrong_monitor_and_a_missing_gpu_are_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="acuracy") as caught:
        train(open_run(tmp_path / "a"), monitor="acuracy")
    assert "accuracy" in caught.value.hint
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="no CUDA"):
            choose_device("cuda:3")
        with pytest.raises(DeviceError, match="fp16 needs"):
            train(open_run(tmp_path / "b"), precision="fp16")


def test_bf16_trains_on_the_cpu(tmp_path: Path) -> None:
    _, result = train(open_run(tmp_path), precision="bf16", epochs=8)
    assert result.metrics["val"]["accuracy"] > 0.6


def test_exhausted_memory_names_the_batch_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(loop.FitLoop, "_compute", fail)
    with pytest.raises(DeviceError, match="batches of 8") as caught:
        train(open_run(tmp_path))
    assert cause_of(caught.value) == "memory"


def test_validation_leaves_no_trace_in_training(tmp_path: Path) -> None:
    settings = {"epochs": 2, "monitor": "loss", "ema_decay": None, "schedule": "constant"}
    with_val, _ = train(open_run(tmp_path / "a"), **settings)
    task, data, config = build(5, **settings)
    fit(task, FitData(data.train), config, open_run(tmp_path / "b"))
    last = [checkpoint.read_checkpoint(list_checkpoints(tmp_path / n / "checkpoints")[-1]).model for n in "ab"]
    assert all(torch.equal(last[0][name], last[1][name]) for name in last[0])


def test_progress_ends_at_its_total(tmp_path: Path) -> None:
    train(open_run(tmp_path))
    events, _ = read_events(tmp_path / "events.jsonl", 0, 1 << 30)
    progress = [event["data"] for event in events if event["kind"] == "progress"]
    assert progress[-1]["done"] == progress[-1]["total"] == 4 * (61 + 20)
    assert progress[-1]["stage"] == "epoch 4/4"
    assert [entry["done"] for entry in progress] == sorted(entry["done"] for entry in progress)


def test_checkpoint_events_tell_what_lies_on_the_disk(tmp_path: Path) -> None:
    train(open_run(tmp_path))
    events, _ = read_events(tmp_path / "events.jsonl", 0, 1 << 30)
    told = {event["data"]["name"]: event["data"] for event in events if event["kind"] == "checkpoint"}
    for path in list_checkpoints(tmp_path / "checkpoints"):
        facts, state = checkpoint.read_facts(path)
        assert told[path.name]["sha256"] == facts.sha256
        assert told[path.name]["size_bytes"] == sum(file.stat().st_size for file in path.iterdir())
        assert told[path.name]["path"] == f"checkpoints/{path.name}"
        assert json.dumps(state)


def test_data_without_samples_are_refused(tmp_path: Path) -> None:
    empty = TensorData(torch.zeros(0, FEATURES), torch.zeros(0, dtype=torch.int64))
    with pytest.raises(Exception, match="no training samples"):
        fit(ToyTask(), FitData(empty), FitConfig(**BASE, monitor="loss"), open_run(tmp_path))


def test_a_checkpoint_is_made_when_its_time_has_come(tmp_path: Path) -> None:
    train(open_run(tmp_path), epochs=1, checkpoint_every_s=1e-6)
    events, _ = read_events(tmp_path / "events.jsonl", 0, 1 << 30)
    assert [event["data"]["step"] for event in events if event["kind"] == "checkpoint"] == [1, 2, 3, 4, 4]


def test_values_of_steps_are_written_at_most_as_often_as_allowed(tmp_path: Path) -> None:
    train(open_run(tmp_path), log_min_interval_s=3600)
    steps = [fact[1] for fact in facts_of(tmp_path) if fact[0] == "metric" and fact[3] == "step"]
    assert steps == [1]


def test_the_moving_average_follows_its_formula() -> None:
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    average = MovingAverage(model, 0.9)
    expected = model.weight.detach().clone()
    for update in range(1, 30):
        with torch.no_grad():
            model.weight.add_(torch.randn(2, 3))
        average.update()
        decay = min(0.9, (1 + update) / (10 + update))
        expected = decay * expected + (1 - decay) * model.weight.detach()
    own = model.weight.detach().clone()
    with average.applied():
        assert torch.allclose(model.weight, expected, atol=1e-5)
    assert torch.equal(model.weight, own)
