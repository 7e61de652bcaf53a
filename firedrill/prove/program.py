"""Run a stack's program under Pulumi's mocks in a process of its own, and print the registered resources as JSON.

``python -m firedrill.prove.program ROOT STACK [OTHER]``; OTHER is JSON, settings that replace the stack's. Neither an
engine nor a provider is needed. Secrets get a stand-in. ``firedrill backtest`` also calls this module of
older revisions, so its name and arguments must stay.
"""

import json
import runpy
import sys
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pulumi
import yaml

PROVIDER_OUTPUTS: dict[str, Any] = {
    "name": "made-by-google",
    "email": "program@example.iam.gserviceaccount.com",
    "uri": "http://service.example",
    "latestReadyRevision": "revision-1",
    "repositoryId": "repository",
    "url": "/dashboard/abc",
    "privateKey": b64encode(b'{"private_key": "stand-in"}').decode(),
}
"""Stand-ins for the outputs of resources that only a provider knows."""


def monitor_id(name: str) -> int:
    """Return a monitor's id, which is the same in every run."""
    return int(sha256(name.encode()).hexdigest()[:8], 16)


class _Recorder(pulumi.runtime.Mocks):
    def __init__(self) -> None:
        self.resources: list[dict[str, Any]] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        identifier = str(monitor_id(args.name)) if args.typ.endswith(":Monitor") else f"{args.name}-id"
        if not args.typ.startswith("llm-api:"):
            self.resources.append({"type": args.typ, "name": args.name, "id": identifier, "inputs": args.inputs})
        return identifier, {**PROVIDER_OUTPUTS, "monitorId": monitor_id(args.name), **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        """Answer the look-up of a user by address; there are no permissions."""
        return {"id": f"user:{args.args.get('filter')}", "permissions": {}}, []


def configuration(root: Path, stack: str, other: Mapping[str, Any]) -> dict[str, str]:
    """Return a stack's settings as the engine passes them; ``other`` replaces settings, or removes them with None."""
    stored = yaml.safe_load((root / f"Pulumi.{stack}.yaml").read_text()).get("config") or {}
    stored = {key: value for key, value in {**stored, **other}.items() if value is not None}
    values = {}
    for key, value in stored.items():
        secret = isinstance(value, dict) and "secure" in value
        values[key] = "stand-in" if secret else json.dumps(value) if isinstance(value, dict | list) else str(value)
    return values


def main(root: Path, stack: str, other: str = "{}") -> int:
    """Run the program and print its resources. Returns the exit code."""
    project = yaml.safe_load((root / "Pulumi.yaml").read_text())
    recorder = _Recorder()
    pulumi.runtime.set_all_config(configuration(root, stack, json.loads(other)))
    pulumi.runtime.set_mocks(recorder, project=project["name"], stack=stack)

    def program() -> None:
        runpy.run_path(str(root / (project.get("main") or ".")), run_name="__main__")

    try:
        pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]  # Pulumi's mocks are untyped
    except pulumi.RunError as error:
        sys.stderr.write(str(error))
        return 1
    sys.stdout.write(json.dumps(recorder.resources))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
