"""What a generator is asked for on its way to the inference worker, as JSON. Free of torch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from ml_core.errors import FormatError

MOST_IMAGES: Final = 64  # of one request
_MOST_BYTES: Final = 64 * 1024
_MOST_SEED: Final = 2**53 - 1
_MOST_TRUNCATION: Final = 2.0


@dataclass(frozen=True)
class PaintRequest:
    """Images by seed, or on the way from one seed to another.

    Attributes:
        character: Whom to paint.
        seeds: One image each; two with ``steps``.
        truncation: Scales the noise: less than 1 is more usual and less varied.
        steps: Images from the first seed to the second, both included; 0 paints the seeds themselves.
    """

    character: str
    seeds: tuple[int, ...]
    truncation: float = 1.0
    steps: int = 0


def pack_request(request: PaintRequest) -> bytes:
    """A request as bytes.

    Raises:
        FormatError: ``anime.paint_request`` where something is out of range.
    """
    asked: dict[str, Any] = {"character": request.character, "truncation": request.truncation}
    if request.steps:
        asked |= {"between": list(request.seeds), "steps": request.steps}
    else:
        asked |= {"seeds": list(request.seeds)}
    content = json.dumps(asked).encode()
    read_request(content)
    return content


def read_request(content: bytes) -> PaintRequest:
    """What ``pack_request`` made.

    Raises:
        FormatError: ``anime.paint_request``.
    """
    try:
        asked = json.loads(content) if len(content) <= _MOST_BYTES else None
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or not isinstance(asked.get("character"), str):
        raise _refused("The request does not say whom to paint.", "character")
    truncation = asked.get("truncation", 1.0)
    if (
        isinstance(truncation, bool)
        or not isinstance(truncation, int | float)
        or not 0 <= truncation <= _MOST_TRUNCATION
    ):
        raise _refused(f"The truncation must be a number from 0 to {_MOST_TRUNCATION:g}.", "truncation")
    is_path = "between" in asked
    seeds = asked.get("between" if is_path else "seeds")
    if not isinstance(seeds, list) or not all(_is_seed(seed) for seed in seeds):
        raise _refused("Seeds are whole numbers from 0 on.", "seeds")
    steps = asked.get("steps", 0) if is_path else 0
    if is_path and (len(seeds) != 2 or isinstance(steps, bool) or not isinstance(steps, int) or steps < 2):
        raise _refused("A way between images needs two seeds and two steps or more.", "between")
    if not 1 <= (steps or len(seeds)) <= MOST_IMAGES:
        raise _refused(f"Ask for 1 to {MOST_IMAGES} images at once.", "seeds")
    return PaintRequest(asked["character"], tuple(seeds), float(truncation), steps)


def _is_seed(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_SEED


def _refused(message: str, where: str) -> FormatError:
    return FormatError(message, code="anime.paint_request", hint="Change the request.", where=where)
