"""Starts the whole studio on this machine: Redis, the web server and the workers."""

from __future__ import annotations

import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import connections

from cvstudio.launcher import first_start, programs, redis_server
from cvstudio.launcher.data_lock import DataLock
from cvstudio.launcher.listening import listen, web_answers
from cvstudio.launcher.process import Child, Program
from cvstudio.launcher.supervisor import Supervisor

WEB_START_LIMIT_S = 30.0


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: bool = True
    train_workers: int = 1
    demo: bool = True


class Studio:
    """All processes of one machine, from the first start to the end."""

    def __init__(self, options: Options, say: Callable[[str], None]) -> None:
        self.options = options
        self.say = say
        self.began = time.monotonic()

    def run(self) -> None:
        """Start everything, keep it running, and end it when asked to.

        Raises:
            CodedError: The address or the data folder is taken, or Redis does not start.
        """
        first_start.make_folders()
        lock = DataLock(settings.DATA_DIR)
        listener = listen(self.options.host, self.options.port)
        self.address = f"http://{self.options.host}:{listener.getsockname()[1]}"
        if count := lock.end_leftovers():
            self.say(f"Ended {count} processes that an earlier start had left behind.")
        supervisor = Supervisor(self.say, lambda pids: lock.note_children(pids, self.address))
        supervisor.listen_to_signals()
        try:
            self._start(supervisor, listener)
            supervisor.run()
        finally:
            # A second Ctrl-C must not stop the stopping: everything is killed within seconds anyway.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self.say("Ending.")
            supervisor.end()
            listener.close()
            lock.release()
            self.say("All processes have ended.")

    def _start(self, supervisor: Supervisor, listener: socket.socket) -> None:
        if settings.REDIS_IS_EMBEDDED:
            self._start_redis(supervisor)
        first_start.migrate(self.say)
        first_start.prepare_files()
        first_start.forget_old_rows()
        is_new = self.options.demo and first_start.make_demo_account(self.say)
        connections.close_all()
        supervisor.add(self._child(programs.web_program(listener.fileno())))
        self._wait_for_web(supervisor, listener)
        self._start_workers(supervisor)
        if is_new and self.options.workers and not supervisor.ending:
            self._start_demo(supervisor)

    def _start_redis(self, supervisor: Supervisor) -> None:
        supervisor.add(self._child(programs.redis_program(settings.DATA_DIR)))
        if not redis_server.wait_until_it_answers(settings.REDIS_CLIENT_URL):
            raise redis_server.RedisStartError(
                "The embedded Redis server did not answer.", hint=f"Look at {settings.LOG_DIR / 'redis.log'}."
            )

    def _wait_for_web(self, supervisor: Supervisor, listener: socket.socket) -> None:
        deadline = time.monotonic() + WEB_START_LIMIT_S
        host, port = self.options.host, listener.getsockname()[1]
        while not supervisor.ending and time.monotonic() < deadline:
            supervisor.look()
            if web_answers(port, host):
                took = time.monotonic() - self.began
                self.say(f"CV Studio serves {self.address} (started in {took:.1f} s)")
                self.say(f"Logs are in {settings.LOG_DIR}. Ctrl-C ends everything.")
                return
        if not supervisor.ending:
            self.say(f"The web server does not answer yet. Look at {settings.LOG_DIR / 'web.log'}.")

    def _start_workers(self, supervisor: Supervisor) -> None:
        if not self.options.workers or supervisor.ending:
            return
        widths = {"train": self.options.train_workers}
        for queue in programs.QUEUES:
            supervisor.add(self._child(programs.worker_program(queue, widths.get(queue))))

    def _start_demo(self, supervisor: Supervisor) -> None:
        """Demo content is made by a process that ends when it is done; its failure does not matter to the rest."""
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "demo_content"]
        demo = self._child(Program("demo", command, niceness=5))
        demo.start()
        self.say("Making demo content: a data set of handwritten digits and starter architectures.")
        supervisor.run(until=lambda: not demo.is_running)
        if demo.is_running:
            demo.signal(signal.SIGKILL)
        elif demo.process is not None and demo.process.returncode:
            self.say(f"The demo content could not be made. Look at {demo.log_path}.")
        else:
            self.say("The demo content is ready.")

    def _child(self, program: Program) -> Child:
        return Child(program, settings.LOG_DIR)
