"""gunicorn in Cloud Run's container. WEB_CONCURRENCY, the number of workers, is read by gunicorn itself."""

import os
import sys
from pathlib import Path
from typing import Any

# gunicorn reads its configuration before it looks for applications in the working directory.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from service.logs import CONFIGURATION

bind = f"0.0.0.0:{os.environ.get('PORT', '8080')}"
worker_class = "service.worker.Worker"
threads = 8
# Longer than Cloud Run's front keeps an idle connection, so that it never meets one that is just being closed.
keepalive = 620
# Cloud Run kills 10 s after SIGTERM. Workers let open requests end for 4 and then, as they exit, the tracer sends what
# it holds; the master kills them after 6, and needs up to 2.5 for its own tracer when the agent hangs.
graceful_timeout = 6
OPEN_REQUESTS_SECONDS = 4
timeout = 60
logconfig_dict = CONFIGURATION
# One JSON line a request comes from the application itself.
accesslog = None
control_socket_disable = True
# The file system may be read-only but for this.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes its own file in it


def post_fork(_server: Any, worker: Any) -> None:
    """Let a worker wait for open requests for less time than the master waits for the worker."""
    worker.cfg.set("graceful_timeout", OPEN_REQUESTS_SECONDS)
