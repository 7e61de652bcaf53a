"""Run the stack's program with Pulumi's mocks, in a process of its own, and print its registrations as JSON.

``python tests/unit/infra/recorder.py STACK [KEY=VALUE ...]`` reads Pulumi.STACK.yaml; ``KEY=`` removes a key. Secrets
get a stand-in. PROGRAM is the folder of another Pulumi.yaml. The answer has ``requests`` (what the engine would
receive, a resource after those that it refers to, otherwise in an order that differs between runs) and ``exports``
(the stack's outputs) or, when the program refused, ``error``.
"""

import base64
import contextvars
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

ROOT = Path(__file__).parents[3]
PROGRAM = Path(os.environ.get("PROGRAM", str(ROOT)))
"""The folder of the program's Pulumi.yaml."""
KEEP = "KEEP=placeholders"
"""The change that leaves a stack's placeholders as they are."""
COMPUTED = {
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
"""The exports of an environment's stack, with ``{}`` for its name.

The environment variable EXPORTS (JSON) replaces some, of all stacks or by stack."""


def exports(stack: str) -> dict[str, Any]:
    """Return the outputs of a referenced stack."""
    replaced: dict[str, Any] = json.loads(os.environ.get("EXPORTS", "{}"))
    text = json.dumps(EXPORTS | replaced.get(stack, replaced)).replace("{}", stack)
    outputs: dict[str, Any] = json.loads(text)
    return {name: value for name, value in outputs.items() if value is not None}


class Answers(pulumi.runtime.Mocks):
    """Mocks that give each resource an id and the outputs that its provider would compute."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Return a resource's id and outputs: its inputs and computed values; of a referenced stack, its exports."""
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {"outputs": exports(args.name.rpartition("/")[2]), "secretOutputNames": []}
        account = args.inputs.get("accountId")
        email = {"email": f"{account}@example.iam.gserviceaccount.com"} if account else {}
        return f"{args.name}-id", COMPUTED | email | args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        """Return a user by its address; the account's lists with an object of another owner."""
        lists = ("archiveIds", "filterIds", "groupIds", "indexNames", "pipelineIds")
        if "Order" in args.token:
            return {"id": "order"} | {key: ["another's"] for key in lists}, []
        return {"id": f"user:{args.args.get('filter')}", "permissions": PERMISSIONS}, []


class Recorder(mocks.MockMonitor):
    """A monitor that keeps every registration."""

    def __init__(self) -> None:
        super().__init__(Answers())
        self.requests: list[dict[str, Any]] = []

    def RegisterResource(self, request: Any) -> Any:
        """Register a resource and keep the request."""
        self.requests.append(in_order(MessageToDict(request)))
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]  # Pulumi's mocks are untyped


def in_order(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request with its dependencies sorted: they are sets."""
    request["dependencies"] = sorted(request.get("dependencies", ()))
    for property_dependency in request.get("propertyDependencies", {}).values():
        property_dependency["urns"] = sorted(property_dependency.get("urns", ()))
    return request


def filled_in(text: str) -> str:
    """Return a stack's file with a value for each placeholder, as its owner would fill it in."""
    return text.replace("CHANGE-ME", "example")


def configuration(stack: str, changes: list[str]) -> dict[str, str]:
    """Return a stack's settings as the engine passes them."""
    text = (PROGRAM / f"Pulumi.{stack}.yaml").read_text()
    stored = yaml.safe_load(text if KEEP in changes else filled_in(text))["config"]
    values = {}
    for key, value in stored.items():
        secret = isinstance(value, dict) and "secure" in value
        values[key] = "stand-in" if secret else json.dumps(value) if isinstance(value, dict | list) else str(value)
    for change in changes:
        if change == KEEP:
            continue
        key, _, text = change.partition("=")
        if text:
            values[key] = text
        else:
            values.pop(key, None)
    return values


def main(stack: str, changes: list[str]) -> None:
    """Run a stack's program and print what it registered; with EACH, once for each list of changes that it holds.

    Most of a run's time is the import of Pulumi's SDK.
    """
    if "EACH" in os.environ:
        answers = [contextvars.copy_context().run(registered, stack, each) for each in json.loads(os.environ["EACH"])]
        sys.stdout.write(json.dumps({"each": answers}))
    else:
        sys.stdout.write(json.dumps(registered(stack, changes)))


def registered(stack: str, changes: list[str]) -> dict[str, Any]:
    """Run a stack's program; return what it registered."""
    recorder = Recorder()
    pulumi.runtime.set_all_config(configuration(stack, changes))
    project = yaml.safe_load((PROGRAM / "Pulumi.yaml").read_text())
    mocks.set_mocks(recorder.mocks, project=project["name"], stack=stack, monitor=recorder)

    answer: dict[str, Any] = {}

    def program() -> pulumi.Output[None]:
        runpy.run_path(str(PROGRAM / project.get("main", "")), run_name="__main__")
        stack = pulumi.runtime.get_root_resource()
        exports = getattr(stack, "outputs", {})
        return pulumi.Output.all(**exports).apply(lambda values: answer.update(exports=values))

    try:
        pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]  # Pulumi's mocks are untyped
    except pulumi.RunError as error:
        answer["error"] = str(error)
    modules = sorted(name for name in sys.modules if name.split(".")[0] in {"infra", "monitors", "firedrill"})
    lean = len(getattr(sys.modules.get("pulumi_datadog._inputs"), "__all__", ()))
    answer |= {
        "requests": recorder.requests,
        "modules": modules,
        "input_classes": lean,
    }
    return answer


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
