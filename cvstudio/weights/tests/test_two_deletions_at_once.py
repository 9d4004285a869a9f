"""A folder that two requests remove at the same time goes once, and neither of them fails."""

from __future__ import annotations

import threading
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings

from cvstudio.weights import library


def test_the_bytes_come_back_once(monkeypatch: pytest.MonkeyPatch) -> None:
    version_id = uuid4()
    folder = Path(settings.WEIGHTS_DIR) / str(version_id)
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"x" * 100)
    both = threading.Barrier(2)
    rename = Path.rename

    def together(path: Path, target: Path) -> Path:
        both.wait(timeout=10)  # both have seen the folder; now both take it
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", together)
    freed: list[int] = []
    threads = [
        threading.Thread(target=lambda: freed.append(library.remove(version_id, str(version_id)))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert sorted(freed) == [0, 100]
    assert list(Path(settings.WEIGHTS_DIR).iterdir()) == []
