"""The feature database: vectors of known pictures by character, on disk, with every earlier state to go back to.

```
current.json                which revision counts
revisions/000001.json       roles: id, name, segments
segments/<id>.safetensors   (n, R) float32 unit vectors, never changed once written
```
A change writes a new segment and a new revision and then moves ``current.json``, so that a crash loses nothing and
going back is reading an older revision.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from ml_core.anime.errors import RecogniserError
from ml_core.run.files import write_json_atomic

CURRENT: Final = "current.json"
_FORMAT: Final = 1
_BLOCK: Final = 65_536  # vectors that are compared at once: bounds the memory of a search


@dataclass(frozen=True)
class Role:
    """A character of the database.

    Attributes:
        id: Never given twice, also not after a removal.
        name: Any text.
        segments: Files of its vectors.
        names: Where its pictures came from.
    """

    id: int
    name: str
    segments: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Neighbour:
    """A known picture near to a query: its character, where it came from, and the cosine."""

    role: str
    picture: str
    similarity: float


class FeatureDatabase:
    """Opens the database in ``folder``; see the module's text.

    Args:
        folder: Where it lies, or will.
        space: Name of the vectors' space; a database of another one is refused.

    Raises:
        RecogniserError: ``anime.database_damaged``, ``anime.other_database``.
    """

    def __init__(self, folder: Path, space: str) -> None:
        self.folder = folder
        self.space = space
        self.revision = 0
        self.roles: list[Role] = []
        self._next_id = 0
        self._cache: dict[str, Tensor] = {}
        if (folder / CURRENT).exists():
            self._read(int(_read_json(folder / CURRENT)["revision"]))

    @property
    def exists(self) -> bool:
        """Whether something was ever written."""
        return self.revision > 0

    @property
    def vectors(self) -> Tensor:
        """(M, R) of all roles, in their order."""
        parts = [self._segment(name) for role in self.roles for name in role.segments]
        return torch.cat(parts) if parts else torch.zeros(0, 0)

    @property
    def labels(self) -> Tensor:
        """(M,) positions in ``roles``."""
        counts = torch.tensor([len(role.names) for role in self.roles], dtype=torch.int64)
        return torch.repeat_interleave(torch.arange(len(self.roles)), counts)

    def find(self, name: str) -> Role | None:
        """The role of this name."""
        return next((role for role in self.roles if role.name == name), None)

    def add(self, name: str, vectors: Tensor, names: Sequence[str]) -> Role:
        """Add pictures; a new name gets a new id, a known one gets more pictures."""
        return self.add_all([(name, vectors, names)])[0]

    def add_all(self, parts: Sequence[tuple[str, Tensor, Sequence[str]]]) -> list[Role]:
        """Add pictures of several roles as one change."""
        roles = {role.name: role for role in self.roles}
        (self.folder / "segments").mkdir(parents=True, exist_ok=True)
        for number, (name, vectors, names) in enumerate(parts):
            segment = f"{self._free_revision():06d}-{number:04d}"
            path = self.folder / "segments" / f"{segment}.safetensors"
            safetensors.torch.save_file({"vectors": vectors.contiguous().clone()}, path)
            known = roles.get(name)
            if known is None:
                known = Role(self._next_id, name, (), ())
                self._next_id += 1
            roles[name] = replace(known, segments=(*known.segments, segment), names=(*known.names, *names))
        self.roles = list(roles.values())
        self._write()
        return [roles[name] for name, _, _ in parts]

    def remove(self, name: str) -> None:
        """Forget a role; its vectors stay on the disk for a roll-back.

        Raises:
            RecogniserError: ``anime.unknown_role``.
        """
        if self.find(name) is None:
            raise RecogniserError(
                f'There is no character called "{name}".',
                code="anime.unknown_role",
                hint=f"Known: {', '.join(role.name for role in self.roles[:20])}.",
                where=name,
            )
        self.roles = [role for role in self.roles if role.name != name]
        self._write()

    def roll_back(self, revision: int | None = None) -> int:
        """Return to an earlier revision, the one before by default. The later ones are kept: this can be undone too.

        Raises:
            RecogniserError: ``anime.no_revision``.
        """
        target = self.revision - 1 if revision is None else revision
        if target < 1 or not self._revision_path(target).is_file():
            raise RecogniserError(
                f"There is no revision {target} to go back to.",
                code="anime.no_revision",
                hint=f"Choose one of {', '.join(str(number) for number in self.revisions()) or 'none'}.",
                where=str(target),
            )
        next_id = self._next_id
        self._read(target)
        self._next_id = max(self._next_id, next_id)
        write_json_atomic(self.folder / CURRENT, {"revision": target})
        return target

    def revisions(self) -> list[int]:
        """All that there are, oldest first."""
        return sorted(int(path.stem) for path in (self.folder / "revisions").glob("*.json"))

    def nearest(self, queries: Tensor, count: int) -> list[list[Neighbour]]:
        """The most similar known pictures of each of (N, R) unit vectors, best first: exact, by comparing all.

        Memory for the comparison does not grow with the database.
        """
        best_values = torch.full((len(queries), 0), -2.0)
        best_places = torch.zeros(len(queries), 0, dtype=torch.int64)
        start = 0
        for role in self.roles:
            for name in role.segments:
                for block in torch.split(self._segment(name), _BLOCK):
                    values = torch.cat([best_values, queries @ block.T], dim=1)
                    places = torch.arange(start, start + len(block)).expand(len(queries), -1)
                    best_values, chosen = values.topk(min(count, values.shape[1]), dim=1)
                    best_places = torch.cat([best_places, places], dim=1).gather(1, chosen)
                    start += len(block)
        owners = self.labels
        pictures = [name for role in self.roles for name in role.names]
        return [
            [
                Neighbour(self.roles[int(owners[place])].name, pictures[place], value)
                for place, value in zip(places, values, strict=True)
            ]
            for places, values in zip(best_places.tolist(), best_values.tolist(), strict=True)
        ]

    def _segment(self, name: str) -> Tensor:
        if name not in self._cache:
            path = self.folder / "segments" / f"{name}.safetensors"
            try:
                self._cache[name] = safetensors.torch.load_file(path)["vectors"]
            except (OSError, safetensors.SafetensorError, KeyError) as error:
                raise _damaged(path.name) from error
        return self._cache[name]

    def _revision_path(self, revision: int) -> Path:
        return self.folder / "revisions" / f"{revision:06d}.json"

    def _free_revision(self) -> int:
        return max([self.revision, *self.revisions()]) + 1

    def _write(self) -> None:
        number = self._free_revision()
        (self.folder / "revisions").mkdir(parents=True, exist_ok=True)
        content = {
            "format": _FORMAT,
            "space": self.space,
            "next_id": self._next_id,
            "roles": [asdict(role) for role in self.roles],
        }
        write_json_atomic(self._revision_path(number), content)
        write_json_atomic(self.folder / CURRENT, {"revision": number})
        self.revision = number

    def _read(self, revision: int) -> None:
        content = _read_json(self._revision_path(revision))
        if content.get("space") != self.space:
            raise RecogniserError(
                "The feature database belongs to another model: its vectors cannot be compared with this one's.",
                code="anime.other_database",
                hint="Open it with the model it was made with, or choose an empty folder for a new database.",
                where=self.folder.name,
            )
        try:
            self.roles = [
                Role(int(row["id"]), str(row["name"]), tuple(row["segments"]), tuple(row["names"]))
                for row in content["roles"]
            ]
            self._next_id = int(content["next_id"])
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(self._revision_path(revision).name) from error
        self.revision = revision


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path.name) from error
    if not isinstance(content, dict):
        raise _damaged(path.name)
    return content


def _damaged(name: str) -> RecogniserError:
    return RecogniserError(
        "The feature database is damaged.",
        code="anime.database_damaged",
        hint="Bring back the folder from a copy, or make a new database from the model.",
        where=name,
    )
