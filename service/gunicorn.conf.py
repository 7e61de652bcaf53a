"""gunicorn in Cloud Run's container. WEB_CONCURRENCY, the number of workers, is read by gunicorn itself."""

# First, so that it sees each later import. ddtrace-run would import the tracer in a process before this one, too.
import ddtrace.auto  # isort: skip  # noqa: F401

import gc
import os
import sys
from pathlib import Path
from typing import Any

# gunicorn reads its configuration before it looks for applications in the working directory.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import service.app  # noqa: F401 - once, before the workers fork: each would take seconds for it, on one processor
from service.telemetry.logs import CONFIGURATION

bind = f"0.0.0.0:{os.environ.get('PORT', '8080')}"
worker_class = "service.runtime.worker.Worker"
threads = 8
# Longer than Cloud Run's front keeps an idle connection, so that it never uses one that is being closed.
keepalive = 620
# Cloud Run kills 10 s after SIGTERM. Workers wait 4 s for open requests, and as they exit the tracer sends what it
# holds. The master kills them after 6 s, and needs up to 2.5 s for its own tracer when the agent hangs.
graceful_timeout = 6
OPEN_REQUESTS_SECONDS = 4
timeout = 60
logconfig_dict = CONFIGURATION
# The application itself writes one JSON line for each request.
accesslog = None
control_socket_disable = True
# The rest of the file system may be read-only.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes its own file in it


def when_ready(_server: Any) -> None:
    """Spare the garbage collector what is imported: workers then share it, and the master ends at once."""
    gc.freeze()


def post_fork(_server: Any, worker: Any) -> None:
    """Let a worker wait for open requests for less time than the master waits for the worker."""
    worker.cfg.set("graceful_timeout", OPEN_REQUESTS_SECONDS)


def post_worker_init(_worker: Any) -> None:
    """Spare the garbage collector what exists now, which lives as long as the process."""
    gc.freeze()
