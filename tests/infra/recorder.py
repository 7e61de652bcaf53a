"""Runs the stack's program against Pulumi's own mocks, in a process of its own, and prints what it registered as JSON.

``python tests/infra/recorder.py STACK [KEY=VALUE ...]`` reads Pulumi.STACK.yaml; ``KEY=`` removes a key. Secrets get
a stand-in. PROGRAM is the folder of another Pulumi.yaml. The answer has ``requests`` (what the engine would receive)
or, when the program refused, ``error``.
"""

import base64
import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

import pulumi
import yaml
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks

ROOT = Path(__file__).parents[2]
PROGRAM = Path(os.environ.get("PROGRAM", str(ROOT)))
"""The folder of the program's Pulumi.yaml."""
MADE_BY_GOOGLE = {
    "name": "made-by-google",
    "delegateAccountEmail": "datadog@example.iam.gserviceaccount.com",
    "email": "llm-api@example.iam.gserviceaccount.com",
    "uri": "http://service.example",
    "latestReadyRevision": "llm-api-00001",
    "repositoryId": "llm-api",
    "url": "/dashboard/abc",
    "monitorId": 7,
    "version": "1",
    "privateKey": base64.b64encode(b'{"private_key": "stand-in"}').decode(),
}


PERMISSIONS = {name: f"permission:{name}" for name in ("incident_write", "notebooks_write", "workflows_run")}
EXPORTS: dict[str, Any] = {
    "log_index": "llm-api-{}",
    "log_archive": "archive-{}",
    "log_pipelines": ["requests-{}", "cost-{}"],
    "retention_filters": ["errors-{}", "slow-{}"],
    "scanner_group": "group-{}",
    "paged": [],
}
"""What an environment's stack exports, ``{}`` for its name; EXPORTS in the environment replaces some (JSON), of all
stacks or of each by its name."""


def exports(stack: str) -> dict[str, Any]:
    """The outputs of a referenced stack."""
    given: dict[str, Any] = json.loads(os.environ.get("EXPORTS", "{}"))
    text = json.dumps(EXPORTS | given.get(stack, given)).replace("{}", stack)
    found: dict[str, Any] = json.loads(text)
    return {name: value for name, value in found.items() if value is not None}


class Answers(pulumi.runtime.Mocks):
    """Gives each resource an id and what its provider would make up."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """The inputs come back, with what a provider adds; of a referenced stack, its exports."""
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {"outputs": exports(args.name.rpartition("/")[2]), "secretOutputNames": []}
        account = args.inputs.get("accountId")
        email = {"email": f"{account}@example.iam.gserviceaccount.com"} if account else {}
        return f"{args.name}-id", MADE_BY_GOOGLE | email | args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        """Users are found by their address; the account's lists have one object of somebody else's."""
        lists = ("archiveIds", "filterIds", "groupIds", "indexNames", "pipelineIds")
        if "Order" in args.token:
            return {"id": "order"} | {key: ["another's"] for key in lists}, []
        return {"id": f"user:{args.args.get('filter')}", "permissions": PERMISSIONS}, []


class Recorder(mocks.MockMonitor):
    """Keeps every request."""

    def __init__(self) -> None:
        super().__init__(Answers())
        self.requests: list[dict[str, Any]] = []

    def RegisterResource(self, request: Any) -> Any:
        """As the engine's, with the request kept."""
        self.requests.append(in_order(MessageToDict(request)))
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]  # Pulumi's mocks are untyped


def in_order(request: dict[str, Any]) -> dict[str, Any]:
    """A request with its dependencies sorted: they are sets."""
    request["dependencies"] = sorted(request.get("dependencies", ()))
    for one in request.get("propertyDependencies", {}).values():
        one["urns"] = sorted(one.get("urns", ()))
    return request


def configuration(stack: str, changes: list[str]) -> dict[str, str]:
    """A stack's settings as the engine passes them."""
    stored = yaml.safe_load((PROGRAM / f"Pulumi.{stack}.yaml").read_text())["config"]
    values = {}
    for key, value in stored.items():
        secret = isinstance(value, dict) and "secure" in value
        values[key] = "stand-in" if secret else json.dumps(value) if isinstance(value, dict | list) else str(value)
    for change in changes:
        key, _, text = change.partition("=")
        if text:
            values[key] = text
        else:
            values.pop(key, None)
    return values


def main(stack: str, changes: list[str]) -> None:
    """See the module."""
    recorder = Recorder()
    pulumi.runtime.set_all_config(configuration(stack, changes))
    project = yaml.safe_load((PROGRAM / "Pulumi.yaml").read_text())
    mocks.set_mocks(recorder.mocks, project=project["name"], stack=stack, monitor=recorder)

    def program() -> None:
        runpy.run_path(str(PROGRAM / project.get("main", "")), run_name="__main__")

    answer: dict[str, Any] = {}
    try:
        pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]  # Pulumi's mocks are untyped
    except pulumi.RunError as error:
        answer["error"] = str(error)
    modules = sorted(name for name in sys.modules if name.split(".")[0] in {"infra", "monitors", "firedrill"})
    lean = len(getattr(sys.modules.get("pulumi_datadog._inputs"), "__all__", ()))
    answer |= {"requests": recorder.requests, "modules": modules, "input_classes": lean}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
