"""The Python action of workflows: a script whose ``main`` gets the run's variables and returns JSON.

https://docs.datadoghq.com/actions/workflows/expressions/python/. The script runs in a separate process with the
sandbox's Python, not Datadog's 3.12. It has the standard library and, as at Datadog, no network.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

TIMEOUT = 30.0
"""Seconds until a script is ended."""
RUNNER = """
import json, sys, types

def deny(event, _):
    if event in {"socket.connect", "socket.sendto", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec"}:
        raise PermissionError(f"{event}: a script has no network and cannot start programs")

request = json.load(sys.stdin)
output, sys.stdout = sys.stdout, sys.stderr
sys.modules["execution_context"] = types.ModuleType("execution_context")
sys.modules["execution_context"].Context = dict
sys.addaudithook(deny)
names = {"__name__": "script"}
exec(compile(request["script"], "script", "exec"), names)
json.dump(names["main"](ctx=request["context"]), output)
"""


class ScriptFailed(Exception):
    """A script that raised, returned no JSON or did not end; the text is the last line of its error output."""


def run(script: str, context: Mapping[str, Any]) -> Any:
    """Run a script and return the result of its ``main(ctx=...)``. Raises :class:`ScriptFailed`."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", RUNNER],
            input=json.dumps({"script": script, "context": context}),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        raise ScriptFailed(f"the script did not end within {TIMEOUT:.0f} s") from None
    if done.returncode:
        raise ScriptFailed((done.stderr.strip().splitlines() or ["the script failed without an error message"])[-1])
    return json.loads(done.stdout)
