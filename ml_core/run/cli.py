"""``python -m ml_core``: the same recipes for a person at a terminal and for a supervising worker."""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from ml_core.errors import CodedError
from ml_core.run.causes import cause_of
from ml_core.run.config import load_config, parse_config
from ml_core.run.context import RunContext
from ml_core.run.control import Control, RunPaused, RunStopped, install_signals, watch_parent
from ml_core.run.directory import RunDirectory
from ml_core.run.events import EventLogError, EventSink, EventWriter, SilentEvents
from ml_core.run.files import to_json, write_json_atomic
from ml_core.run.place import place_of
from ml_core.run.registry import Recipe, all_recipes, get_recipe
from ml_core.run.terminal import TerminalEcho

EXIT_COMPLETED, EXIT_FAILED, EXIT_USAGE, EXIT_PAUSED, EXIT_STOPPED = range(5)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 completed, 1 failed, 2 wrong usage or configuration, 3 paused, 4 stopped.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.recipe == "list":
            return _list()
        if options.recipe == "describe":
            return _describe(options.name)
        return _run(options)
    except CodedError as error:
        _print_error(error)
        return EXIT_USAGE


def leave(code: int) -> NoReturn:
    """End the process with this exit code.

    One of several training processes ends at once, as everything is on the disk by now: the threads of torch's
    communication may abort a process whose interpreter is being taken down.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ml_core",
        description="Run a recipe, list them, or describe one. Exit codes: 0 completed, 1 failed, 2 usage, "
        "3 paused, 4 stopped.",
    )
    parser.add_argument("recipe", help='name of a recipe, or "list", or "describe"')
    parser.add_argument("name", nargs="?", help="with describe: the recipe to describe")
    parser.add_argument("--config", type=Path, metavar="FILE", help="YAML or JSON file with the configuration")
    parser.add_argument("--set", dest="sets", action="append", default=[], metavar="a.b=c", help="set one key")
    parser.add_argument("--out", type=Path, metavar="DIR", help="run directory")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out, or start it")
    parser.add_argument("--supervised", action="store_true", help="end when standard input is closed")
    parser.add_argument("--id", dest="identifier", metavar="UUID", help="identifier of the run")
    return parser


def _list() -> int:
    for known in all_recipes():
        sys.stdout.write(f"{known.name:24} {known.queue:6} {known.summary}\n")
    return EXIT_COMPLETED


def _describe(name: str | None) -> int:
    if name is None:
        raise CodedError("describe needs the name of a recipe.", code="usage", hint="Try: python -m ml_core list")
    sys.stdout.write(json.dumps(get_recipe(name).describe(), indent=2) + "\n")
    return EXIT_COMPLETED


def _print_error(error: CodedError) -> None:
    hint = f"hint: {error.hint}\n" if error.hint else ""
    body = to_json({"error": error.as_dict()})  # the last line is for programs
    sys.stderr.write(f"error: {error.message}\n{hint}{body}\n")


def _run(options: argparse.Namespace) -> int:
    known = get_recipe(options.recipe)
    if options.name is not None:
        raise CodedError(f'"{options.name}" is one argument too many.', code="usage", hint="Settings need --set.")
    if options.out is None:
        raise CodedError("A run needs a folder.", code="usage", hint="Add --out DIR.", where="--out")
    directory = RunDirectory(options.out.resolve())
    rank = int(os.environ.get("RANK", "0"))  # set by the launchers of distributed training
    if not options.resume and rank == 0:
        directory.check_free()
    resuming = options.resume and directory.is_sealed
    if resuming and options.config is None and not options.sets:
        config = parse_config(known.config, directory.read_record()["config"])
    else:
        config = load_config(known.config, options.config, options.sets)
    seed = int(getattr(config, "seed", 0))
    if rank > 0:  # rank 0 owns the directory; its siblings compute with it and write nothing
        control = Control(directory.path, writable=False)
        run = RunContext(directory, SilentEvents(), control, seed=seed, resuming=resuming, rank=rank)
        return _execute(known, config, run)
    directory.make()
    directory.lock()
    try:
        # The state may have changed while another process still held the lock.
        resuming = options.resume and directory.is_sealed
        if resuming:
            directory.check_same(known.name, config, options.identifier)
        else:
            directory.seal(known.name, config, seed, options.identifier)
        events = EventWriter(directory.events_path)
        if resuming and _is_completed(directory, events):
            events.close()
            return EXIT_COMPLETED
        directory.result_path.unlink(missing_ok=True)  # it told of the end of an earlier attempt
        control = Control(directory.path)
        install_signals(control)
        if options.supervised:
            watch_parent(control)
        is_watched = not options.supervised and sys.stderr.isatty()
        sink: EventSink = TerminalEcho(events, sys.stderr) if is_watched else events
        return _execute(known, config, RunContext(directory, sink, control, seed=seed, resuming=resuming))
    finally:
        directory.unlock()


def _is_completed(directory: RunDirectory, events: EventWriter) -> bool:
    """A run that has its result needs nothing more, save the last event if a kill came between the two."""
    result = directory.read_result()
    if result is None or result.get("state") != "completed":
        return False
    if events.last_state != "completed":
        events.write("state", {"state": "completed", "cause": None})
    return True


def _execute(known: Recipe, config: Any, run: RunContext) -> int:
    """Run the recipe and record how it ended. One of the three places where every exception is caught."""
    run.events.write("state", {"state": "running", "cause": None})
    try:
        facts = known.function(config, run)
        return _finish(run, EXIT_COMPLETED, "completed", {"metrics": {}, "weight": None, **facts})
    except RunPaused:
        return _finish(run, EXIT_PAUSED, "paused", {}, cause=run.control.cause)
    except RunStopped:
        return _finish(run, EXIT_STOPPED, "stopped", {}, cause=run.control.cause)
    except CodedError as error:
        return _fail(run, error.as_dict(), error)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the border of the process, see the docstring
        # The traceback is for the one who keeps the machine; the run's log is read by others.
        trace = traceback.format_exc()
        sys.stderr.write(trace)
        if run.rank == 0:
            run.dir.crash_path.write_text(trace, encoding="utf-8")
        body = CodedError(
            f"The recipe ended with an unexpected {type(error).__name__}.",
            code="internal",
            hint="The traceback is in crash.txt in the run directory.",
        ).as_dict()
        return _fail(run, body, error)


def _fail(run: RunContext, body: dict[str, Any], error: BaseException) -> int:
    run.log(f"{body['message']} {body['hint']}".strip(), "error")
    sys.stderr.write(to_json({"error": body}) + "\n")
    place = place_of(error, run.dir.code)
    return _finish(run, EXIT_FAILED, "failed", {"error": body, "place": place}, cause=cause_of(error))


def _finish(run: RunContext, code: int, state: str, facts: dict[str, Any], cause: str | None = None) -> int:
    result = {"state": state, "metrics": {}, "error": None, "cause": cause, "weight": None, **facts}
    try:
        if run.rank == 0:
            write_json_atomic(run.dir.result_path, result)
        run.events.write("state", {"state": state, "cause": cause})
        run.events.sync()
        run.events.close()
    except (OSError, EventLogError) as error:
        # On a full disk the end cannot be recorded. The exit code still says that it was no good one.
        sys.stderr.write(f"The end of the run could not be written: {error}\n")
        return EXIT_FAILED
    return code
