"""An `up` whose engine is killed (-9): at its n-th write request, or when it prints a line."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from firedrill.settings import API_KEY, APP_KEY
from tests.conftest import ROOT
from tests.e2e.conftest import Sandbox
from tests.faults.proxy import ProxiedRequest, Proxy

DEADLINE = 600
"""Seconds for an update to reach its point, or its end."""
LIVE = frozenset(
    {"monitor_states", "synthetics_runs", "workflow_instances", "pages", "incidents", "users_seen", "events"}
)
"""Collections that the account writes by itself."""


@dataclass
class UpdateRun:
    """An update that has ended: its exit code, its output, and whether it was killed."""

    code: int
    printed: str
    killed: bool


def route_through(checkout: Path, proxy: Proxy) -> None:
    """Let the stack's providers reach Datadog through a proxy."""
    file = checkout / "Pulumi.local.yaml"
    file.write_text(file.read_text().replace("config:\n", f"config:\n  datadog:apiUrl: {proxy.url}\n", 1))


def copy_checkout(folder: Path, *, partial: bool) -> Path:
    """Return a copy of the checkout; ``partial``: with :mod:`tests.e2e.delivery.programs.small` as its program."""
    checkout = folder / "checkout"
    names = ("infra", "service", "firedrill") + (() if partial else ("policies", "docs/runbooks", "drills"))
    for name in names:
        ignored = shutil.ignore_patterns("__pycache__", *(["org"] if partial else []))
        shutil.copytree(ROOT / name, checkout / name, ignore=ignored)
    for file in (*ROOT.glob("Pulumi*.yaml"), ROOT / ".gitignore"):
        shutil.copy2(file, checkout)
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    if partial:
        shutil.copy2(ROOT / "tests" / "e2e" / "delivery" / "programs" / "small.py", checkout / "infra" / "__main__.py")
    return checkout


def is_write(request: ProxiedRequest) -> bool:
    """Return whether a request changes the account."""
    return request.method in {"POST", "PUT", "PATCH", "DELETE"} and "/search" not in request.path


def run_up(
    sandbox: Sandbox, proxy: Proxy, *, write: int = 0, before: bool = False, line: str = "", all_processes: bool = True
) -> UpdateRun:
    """Run ``firedrill up`` and kill it at a point.

    The point is the ``write``-th write request (killed ``before`` it reaches the account, or after), or an output line
    that contains ``line``. ``all_processes``: kill all its processes, else only Pulumi's engine.
    """
    count, killed, lock = [0], threading.Event(), threading.Lock()
    process = subprocess.Popen(
        [sys.executable, "-m", "firedrill.cli", "up"],
        cwd=sandbox.settings.root, env=sandbox.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip

    plugins: list[psutil.Process] = []

    def kill() -> None:
        killed.set()
        children = psutil.Process(process.pid).children(recursive=True)
        plugins.extend(child for child in children if child.name() != "pulumi")
        for child in children:
            if child.name() == "pulumi":
                child.kill()
        if all_processes:
            os.killpg(process.pid, signal.SIGKILL)

    def reached(request: ProxiedRequest) -> bool:
        if not is_write(request) or not write or killed.is_set():
            return False
        with lock:
            count[0] += 1
            return count[0] == write

    def answer_before(request: ProxiedRequest) -> tuple[int, dict[str, str]] | None:
        if before and reached(request):
            kill()
            return 0, {}
        return None

    def lose(request: ProxiedRequest) -> bool:
        if not before and reached(request):
            kill()
            return True
        return False

    proxy.before, proxy.after = answer_before, lose
    printed = []
    watchdog = threading.Timer(DEADLINE, lambda: os.killpg(process.pid, signal.SIGKILL))
    watchdog.start()
    try:
        assert process.stdout is not None
        for text in process.stdout:
            printed.append(text)
            if line and line in text and "creating" in text and not killed.is_set():
                kill()
        code = process.wait()
    finally:
        watchdog.cancel()
        proxy.heal()
        for plugin in plugins:  # those in their own process group outlive the engine
            with contextlib.suppress(psutil.NoSuchProcess):
                plugin.kill()
    return UpdateRun(code, "".join(printed), killed.is_set())


def count_objects(sandbox: Sandbox) -> Mapping[str, int]:
    """Return the number of objects in both accounts, by kind."""
    object_counts = sandbox.datadog("GET", "/-/status")["objects"]
    counts = Counter({f"datadog {kind}": count for kind, count in object_counts.items() if kind not in LIVE})
    google = f"http://127.0.0.1:{sandbox.settings.google_port}"
    google_resources = httpx.get(f"{google}/-/resources", timeout=30).json()
    counts.update({kind: len(entry["ids"]) for kind, entry in google_resources.items()})
    return dict(counts)


def difference(earlier: Mapping[str, int], current: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Return the kinds with other numbers of objects than before, with both numbers."""
    return {
        kind: (earlier.get(kind, 0), current.get(kind, 0))
        for kind in sorted(earlier.keys() | current.keys())
        if earlier.get(kind, 0) != current.get(kind, 0)
    }


def duplicate_names(sandbox: Sandbox) -> list[str]:
    """Return the names that two monitors, dashboards, SLOs, tests or workflows have."""
    headers = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY}
    names: list[str] = []
    for path, items in (("/api/v1/monitor", ""), ("/api/v1/slo", "data"), ("/api/v1/dashboard", "dashboards"),
                        ("/api/v1/synthetics/tests", "tests"), ("/api/v2/workflows", "data")):  # fmt: skip
        answer = httpx.get(
            f"http://127.0.0.1:{sandbox.settings.datadog_port}{path}", headers=headers, timeout=30
        ).json()
        for request in answer[items] if items else answer:
            if request.get("type") != "synthetics alert":  # goes with its test, and may have its name
                names.append(f"{path} {request.get('name') or request.get('title') or request['attributes']['name']}")
    return [name for name, count in Counter(names).items() if count > 1]
