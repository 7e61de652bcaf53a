"""Instances of the service that start in milliseconds: forks of a process that has imported it.

``python -m tests.faults.instances`` reads one JSON object a line and starts an instance with its ``environment``: the
application in a process of its own, on a port of its own. A test may kill -9 it. ``numbers`` sets constants of the
service's modules, so that a short test need not wait for a real lease to end.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil

from tests.conftest import ROOT


@dataclass(frozen=True)
class Instance:
    """One running instance."""

    pid: int
    url: str

    def kill(self) -> None:
        """Kill all its processes with SIGKILL."""
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            for child in [process, *process.children(recursive=True)]:
                with suppress(psutil.NoSuchProcess):
                    child.kill()


@dataclass
class Instances:
    """The process that starts instances; those that still live at the end are killed."""

    process: "subprocess.Popen[str]"
    started: list[Instance] = field(default_factory=list)

    def start(self, environment: Mapping[str, str], numbers: Mapping[str, float]) -> Instance:
        """Start an instance."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"environment": dict(environment), "numbers": dict(numbers)}) + "\n")
        self.process.stdin.flush()
        self.started.append(Instance(**json.loads(self.process.stdout.readline())))
        return self.started[-1]


@contextmanager
def instances(log: Path) -> Iterator[Instances]:
    """Provide the process that forks them; their output goes to ``log``."""
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.instances"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
                 "DD_TRACE_ENABLED": "false"},
        )  # fmt: skip
    running = Instances(process)
    try:
        yield running
    finally:
        for instance in running.started:
            instance.kill()
        process.kill()
        process.wait()


def _serve(request: Mapping[str, Any], answer: IO[str]) -> None:
    """Serve until killed, in a forked process."""
    import logging.config

    from werkzeug.serving import WSGIRequestHandler, make_server

    from service.app import create_app
    from service.telemetry.logs import CONFIGURATION

    os.environ.update(request["environment"])
    for path, value in request["numbers"].items():
        module, _, name = path.rpartition(".")
        owner = importlib.import_module(f"service.{module}")
        assert isinstance(getattr(owner, name), float), path
        setattr(owner, name, value)
    console = CONFIGURATION["handlers"]["stdout"] | {"stream": "ext://sys.stderr"}
    logging.config.dictConfig(CONFIGURATION | {"handlers": {"stdout": console}})
    WSGIRequestHandler.log_request = lambda *_, **__: None  # type: ignore[method-assign]
    server = make_server("127.0.0.1", 0, create_app(), threaded=True)
    answer.write(json.dumps({"pid": os.getpid(), "url": f"http://127.0.0.1:{server.server_port}"}) + "\n")
    answer.flush()
    server.serve_forever()


def main() -> None:
    """Fork an instance for each line of standard input."""
    import service.wsgi  # noqa: F401 - all that an instance needs is imported once

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork() == 0:
            _serve(json.loads(line), sys.stdout)


if __name__ == "__main__":
    main()
