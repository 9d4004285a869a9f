"""A kill costs the transfer that was under way, and nothing that lay on the disk."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from ml_core.errors import CodedError
from ml_core.stellar.vo.disk import disk_full_is_said
from ml_core.stellar.vo.records import RecordFolder, StarRecord
from ml_core.stellar.vo.tests.service import Tile
from ml_core.stellar.vo.tests.surveys import run, settings_of, write_survey

STARS = {"a": (150.1, 10.1), "b": (149.9, 9.9)}


@pytest.mark.slow
@pytest.mark.process
def test_after_a_kill_only_the_broken_transfer_is_repeated(service, tmp_path):
    service.tiles = [Tile(7, 150.0, 10.0, stars=list(STARS.values()))]
    service.fail("/get_fits", "ok", "ok", "hang")
    survey, out = write_survey(tmp_path / "survey", STARS), tmp_path / "out"
    config = tmp_path / "config.json"
    config.write_text(settings_of("stellar.download_images", service, survey, {"read_timeout_s": 60}))
    command = [sys.executable, "-m", "ml_core", "stellar.download_images", "--config", str(config), "--out", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        assert service.hanging.wait(60)
    finally:
        process.kill()
        process.communicate()
    asked = service.counts["/siap"]
    config.unlink()
    code, result, rows = run("stellar.download_images", service, survey, out, "--resume", read_timeout_s=60)
    assert code == 0 and {row["status"] for row in rows.values()} == {"done"}
    assert service.counts["/siap"] == asked and service.counts["/get_fits"] == 4
    assert len(list(survey.rglob("*_image.jpg"))) == 2


def test_records_of_another_service_do_not_count(tmp_path):
    one = RecordFolder(tmp_path / "r", {"service": "one"})
    record = StarRecord("a")
    record.end("no_coverage", "None.", "vo.no_coverage")
    one.write(record)
    assert RecordFolder(tmp_path / "r", {"service": "one"}).read("a") == record
    assert RecordFolder(tmp_path / "r", {"service": "two"}).read("a").status == "open"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"name": "a", "status": "done", "other": 1}'])
def test_a_damaged_record_is_begun_anew(tmp_path, content):
    records = RecordFolder(tmp_path / "r", {})
    (records.stars / "a.json").write_text(content)
    assert records.read("a") == StarRecord("a")


def test_a_full_disk_is_said_plainly_and_other_faults_are_not_hidden():
    with pytest.raises(CodedError) as caught, disk_full_is_said():
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.code == "disk.full"
    with pytest.raises(PermissionError), disk_full_is_said():
        raise PermissionError(errno.EACCES, "Permission denied")
