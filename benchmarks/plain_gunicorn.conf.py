"""gunicorn of the benchmark's plain application: the service's threads and connections, and nothing of its own."""

import os
from pathlib import Path

bind = f"127.0.0.1:{os.environ['PORT']}"
worker_class = "gthread"
threads = 8
keepalive = 620
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None
