"""An `up` whose engine is killed (-9) at a point: at the n-th request that writes, or when a line is printed."""

import contextlib
import json
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
from typing import Any

import httpx
import psutil

from firedrill.sandbox.settings import API_KEY, APP_KEY
from tests.conftest import ROOT
from tests.e2e.conftest import Sandbox
from tests.faults.proxy import Exchange, Proxy

DEADLINE = 600
"""Seconds for an update to reach its point, or its end."""
LIVE = frozenset(
    {"monitor_states", "synthetics_runs", "workflow_instances", "pages", "incidents", "users_seen", "events"}
)
"""What the account writes by itself, however often a stack is applied."""


@dataclass
class Killed:
    """How an update ended: everything that it said, and whether it was killed before its end."""

    code: int
    said: str
    struck: bool


def put_behind(checkout: Path, proxy: Proxy) -> None:
    """Let the stack's providers reach Datadog through a proxy."""
    file = checkout / "Pulumi.local.yaml"
    file.write_text(file.read_text().replace("config:\n", f"config:\n  datadog:apiUrl: {proxy.url}\n", 1))


def copy(folder: Path, *, small: bool) -> Path:
    """A checkout: the whole stack, or :mod:`tests.delivery.programs.small` instead of its program."""
    made = folder / "checkout"
    names = ("infra", "service", "firedrill") + (() if small else ("policies", "docs/runbooks", "drills"))
    for name in names:
        ignored = shutil.ignore_patterns("__pycache__", *(["org"] if small else []))
        shutil.copytree(ROOT / name, made / name, ignore=ignored)
    for file in (*ROOT.glob("Pulumi*.yaml"), ROOT / ".gitignore"):
        shutil.copy2(file, made)
    (made / ".venv").symlink_to(ROOT / ".venv")
    if small:
        shutil.copy2(ROOT / "tests" / "delivery" / "programs" / "small.py", made / "infra" / "__main__.py")
    return made


def is_write(one: Exchange) -> bool:
    """Whether a request changes the account."""
    return one.method in {"POST", "PUT", "PATCH", "DELETE"} and "/search" not in one.path


def up(
    own: Sandbox, proxy: Proxy, *, write: int = 0, before: bool = False, line: str = "", whole: bool = True
) -> Killed:
    """Run ``firedrill up`` and kill it: ``before`` or after the account has done the ``write``-th request that
    writes, or when it creates what ``line`` names. ``whole``: with all its processes, else Pulumi's engine alone."""
    count, struck, lock = [0], threading.Event(), threading.Lock()
    process = subprocess.Popen(
        [sys.executable, "-m", "firedrill.cli", "up"],
        cwd=own.settings.root, env=own.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip

    plugins: list[psutil.Process] = []

    def strike() -> None:
        struck.set()
        children = psutil.Process(process.pid).children(recursive=True)
        plugins.extend(one for one in children if one.name() != "pulumi")
        for child in children:
            if child.name() == "pulumi":
                child.kill()
        if whole:
            os.killpg(process.pid, signal.SIGKILL)

    def reached(one: Exchange) -> bool:
        if not is_write(one) or not write or struck.is_set():
            return False
        with lock:
            count[0] += 1
            return count[0] == write

    def answer_before(one: Exchange) -> tuple[int, dict[str, str]] | None:
        if before and reached(one):
            strike()
            return 0, {}
        return None

    def lose(one: Exchange) -> bool:
        if not before and reached(one):
            strike()
            return True
        return False

    proxy.before, proxy.after = answer_before, lose
    said = []
    watchdog = threading.Timer(DEADLINE, lambda: os.killpg(process.pid, signal.SIGKILL))
    watchdog.start()
    try:
        assert process.stdout is not None
        for text in process.stdout:
            said.append(text)
            if line and line in text and "creating" in text and not struck.is_set():
                strike()
        code = process.wait()
    finally:
        watchdog.cancel()
        proxy.heal()
        for one in plugins:  # nobody is left to end the ones in a group of their own
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
    return Killed(code, "".join(said), struck.is_set())


def objects(own: Sandbox) -> Mapping[str, int]:
    """How many objects the accounts hold, by kind: Datadog's and Google's."""
    held = own.datadog("GET", "/-/status")["objects"]
    found = Counter({f"datadog {kind}": count for kind, count in held.items() if kind not in LIVE})
    google = f"http://127.0.0.1:{own.settings.google_port}"
    listed = httpx.get(f"{google}/-/resources", timeout=30).json()
    found.update({kind: len(entry["ids"]) for kind, entry in listed.items()})
    return dict(found)


def difference(was: Mapping[str, int], now: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """The kinds of which there are more or fewer."""
    return {
        kind: (was.get(kind, 0), now.get(kind, 0))
        for kind in sorted(was.keys() | now.keys())
        if was.get(kind, 0) != now.get(kind, 0)
    }


def doubled(own: Sandbox) -> list[str]:
    """Names that two monitors, dashboards, SLOs, tests or workflows have."""
    headers = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY}
    names: list[str] = []
    for path, items in (("/api/v1/monitor", ""), ("/api/v1/slo", "data"), ("/api/v1/dashboard", "dashboards"),
                        ("/api/v1/synthetics/tests", "tests"), ("/api/v2/workflows", "data")):  # fmt: skip
        answer = httpx.get(f"http://127.0.0.1:{own.settings.datadog_port}{path}", headers=headers, timeout=30).json()
        for one in answer[items] if items else answer:
            if one.get("type") != "synthetics alert":  # goes with its test, and may have its name
                names.append(f"{path} {one.get('name') or one.get('title') or one['attributes']['name']}")
    return [name for name, count in Counter(names).items() if count > 1]


def recorded(own: Sandbox) -> list[dict[str, Any]]:
    """The resources of the state."""
    exported = json.loads(own.pulumi("stack", "export", "-s", "local").stdout)
    return list(exported["deployment"]["resources"])
