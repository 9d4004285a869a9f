"""The throw-away process that decodes a video: decoders are large programs in C, and videos come from outside.

It reads the file from standard input, which its parent has opened, and gives up the network, all files, and memory
beyond a bound before it looks at the first byte. On standard output it tells, a line of JSON each: the facts of the
video; every wanted frame, followed by the bytes of a PPM; the end, or what is wrong.

Arguments: every n-th frame, the number of the last frame that is known already (-1 for none), most frames.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from ml_core.weights.sandbox_child import enter_folder, leave_network

#: Containers that are read; others could name further files or addresses.
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,ogg"
MAX_PIXELS = 40_000_000
_MEMORY_BYTES = 3 << 30
_CPU_S = 6 * 3600
_MOST_FAULTS = 200  # damaged packets one after another
_FAULTS = (av.error.FFmpegError, ValueError, EOFError, OSError)


class Refused(Exception):
    """The video cannot be used."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.body = {"code": code, "message": message, "hint": hint}


def main(arguments: list[str]) -> int:
    """Confine, decode, report."""
    every_nth, known, most = (int(text) for text in arguments)
    leave_network()
    for module in pkgutil.walk_packages(av.__path__, "av."):  # nothing can be imported once the folders are closed
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    _bound()
    enter_folder(str(Path.cwd()))
    av.logging.set_level(av.logging.PANIC)
    try:
        options = {"format_whitelist": FORMATS, "protocol_whitelist": ""}
        with av.open(sys.stdin.buffer, options=options) as container:
            _tell_frames(container, every_nth, known, most)
    except Refused as error:
        _tell({"error": error.body})
    except BrokenPipeError:
        return 0  # nobody wants to know more
    except (*_FAULTS, MemoryError):
        _tell({"error": _damaged().body})
    return 0


def _bound() -> None:
    for kind, amount in (
        (resource.RLIMIT_DATA, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_FSIZE, 0),  # a pipe is no file
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        resource.setrlimit(kind, (amount, amount))


def _tell_frames(container: Any, every_nth: int, known: int, most: int) -> None:
    if not container.streams.video:
        raise Refused("video.no_pictures", "The file has no moving pictures.", "Choose a video.")
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    rate = float(stream.average_rate or stream.guessed_rate or 25)
    seconds = stream.duration * stream.time_base if stream.duration else (container.duration or 0) / 1_000_000
    _tell({"rate": rate, "seconds": float(seconds), "frames": stream.frames or round(float(seconds) * rate)})
    first: float | None = None
    told, number = known // every_nth + 1, -1
    for number, frame in enumerate(_frames(container, stream)):
        time = frame.time if frame.time is not None else number / rate
        first = time if first is None else first
        if number <= known or number % every_nth:
            continue
        if told >= most:
            raise Refused("video.too_long", f"The video has more than the {most:,} frames that are looked at.",
                          "Take every n-th frame only, or cut the video.")  # fmt: skip
        _tell_frame(frame, number, time - first)
        told += 1
    if number < 0:
        raise _damaged()
    _tell({"end": number + 1})


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    """All frames that can be decoded: a damaged packet costs what depends on it, not the rest."""
    faults, packets = 0, container.demux(stream)
    while True:
        try:
            packet = next(packets)
            frames = packet.decode()
        except StopIteration:
            return
        except _FAULTS:
            faults += 1
            if faults > _MOST_FAULTS:
                raise
            continue
        if frames:
            faults = 0
        yield from frames


def _tell_frame(frame: Any, number: int, time_s: float) -> None:
    if frame.width * frame.height > MAX_PIXELS:
        raise Refused("video.too_large", f"The frames have {frame.width} x {frame.height} pixels.",
                      f"At most {MAX_PIXELS:,} pixels are decoded; scale the video down.")  # fmt: skip
    pixels = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90) % 4)
    height, width = pixels.shape[:2]
    content = b"P6 %d %d 255\n" % (width, height) + np.ascontiguousarray(pixels).tobytes()
    _tell({"frame": number, "time_s": round(time_s, 4), "bytes": len(content)}, content)


def _damaged() -> Refused:
    return Refused("video.damaged", "The video is damaged, or in a format that is not read.",
                   "Convert it to MP4 with H.264, then send it again.")  # fmt: skip


def _tell(line: dict[str, Any], content: bytes = b"") -> None:
    sys.stdout.buffer.write(json.dumps(line).encode() + b"\n" + content)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
