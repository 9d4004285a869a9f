"""What a trainer uses is noted among the events of its run."""

from __future__ import annotations

import os

import pytest

from cvstudio.runs.errors import FenceLostError
from cvstudio.runs.models import Run, RunEvent
from cvstudio.runs.supervisor import resources
from cvstudio.runs.supervisor.resources import ResourceMeter

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(alice):
    return Run.objects.create(owner=alice, name="measured", recipe="vision.classify", state="running", fence=1)


def test_memory_and_load_of_the_process_are_stored(run, monkeypatch):
    monkeypatch.setattr(resources, "FIRST_AFTER_S", 0.0)
    ResourceMeter(run, os.getpid()).step()
    use = RunEvent.objects.get(run=run, kind="resource").data
    assert use["memory_bytes"] > 1_000_000
    assert use["cpu_percent"] >= 0
    assert use["threads"] >= 1


def test_between_two_turns_nothing_is_measured(run, monkeypatch):
    monkeypatch.setattr(resources, "FIRST_AFTER_S", 0.0)
    meter = ResourceMeter(run, os.getpid())
    meter.step()
    meter.step()
    assert RunEvent.objects.filter(run=run, kind="resource").count() == 1


def test_a_process_that_is_gone_leaves_no_event(run, monkeypatch):
    monkeypatch.setattr(resources, "FIRST_AFTER_S", 0.0)
    ResourceMeter(run, 2**22 - 1).step()
    assert not RunEvent.objects.filter(run=run).exists()


def test_a_worker_that_lost_its_claim_writes_nothing(run, monkeypatch):
    monkeypatch.setattr(resources, "FIRST_AFTER_S", 0.0)
    meter = ResourceMeter(run, os.getpid())
    Run.objects.filter(id=run.id).update(fence=2)
    with pytest.raises(FenceLostError):
        meter.step()
