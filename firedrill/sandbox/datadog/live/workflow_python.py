"""The Python of a workflow's step: a script with a ``main``, which gets the run's variables and returns JSON.

https://docs.datadoghq.com/actions/workflows/expressions/python/. It runs in a process of its own with the sandbox's
Python, not Datadog's 3.12, and has the standard library; the network is closed, as it is there.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

TIMEOUT = 30.0
"""Seconds that a script may take."""
AROUND = """
import json, sys, types

def closed(event, _):
    if event in {"socket.connect", "socket.sendto", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec"}:
        raise PermissionError(f"{event}: a script has no network and starts no programs")

given = json.load(sys.stdin)
shown, sys.stdout = sys.stdout, sys.stderr
sys.modules["execution_context"] = types.ModuleType("execution_context")
sys.modules["execution_context"].Context = dict
sys.addaudithook(closed)
names = {"__name__": "script"}
exec(compile(given["script"], "script", "exec"), names)
json.dump(names["main"](ctx=given["context"]), shown)
"""


class ScriptFailed(Exception):
    """The script raised, returned what is no JSON, or did not end; the last line of what it said."""


def run(script: str, context: Mapping[str, Any]) -> Any:
    """What the script's ``main(ctx=...)`` returns. Raises :class:`ScriptFailed`."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", AROUND],
            input=json.dumps({"script": script, "context": context}),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        raise ScriptFailed(f"the script has not ended after {TIMEOUT:.0f} s") from None
    if done.returncode:
        raise ScriptFailed((done.stderr.strip().splitlines() or ["the script ended without a word"])[-1])
    return json.loads(done.stdout)
