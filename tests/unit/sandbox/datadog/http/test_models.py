"""Requests made from the models of the API's client: no status 500, and responses have what their models require."""

import importlib
import random
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import datadog_api_client
import pytest
from datadog_api_client.model_utils import ModelComposed, ModelNormal, ModelSimple, none_type
from starlette.testclient import TestClient

from firedrill.sandbox.datadog.handlers import load_handlers
from firedrill.sandbox.datadog.http import validation
from firedrill.sandbox.datadog.http.routing import IMPORT, Operation, operations

RESPONSE = re.compile(r'"response_type": \((?P<model>\w+),\),.{0,400}?"operation_id": "(?P<name>\w+)"', re.DOTALL)
TEXTS = ("abc", "env:prod", "a-b", "service:x", "UTC", "avg:app.q{*}")
NUMBERS: dict[Any, tuple[Any, ...]] = {int: (1, 5, 60, 1_700_000_000), float: (1.0, 2.5, 99.0), bool: (True, False)}
DEPTH = 7
BODIES = 6
"""Bodies of each operation."""
UNKNOWN = {"create_incident_notification_rule": {"data.attributes.enabled: is required"}}
"""Members that a model requires, and whose default nothing says."""
CREATES = [
    o for o in operations() if o.name in load_handlers() and o.method == "POST" and o.model and "{" not in o.path
]


def response_models() -> dict[str, Any]:
    """Return the model of each operation's response, by the name of the operation."""
    models = {}
    for file in Path(datadog_api_client.__file__).parent.glob("v[12]/api/*_api.py"):
        source, version = file.read_text(), file.parts[-3]
        modules = {name: module for module, name in IMPORT.findall(source)}
        for match in RESPONSE.finditer(source):
            if match["model"] in modules:
                models[f"{version}.{match['name']}"] = (modules[match["model"]], match["model"])
    return models


MODELS = response_models()


class Body:
    """A body at random: required members always, the others at the given share."""

    def __init__(self, random_: random.Random) -> None:
        self.random, self.share = random_, random_.choice((0, 0.3, 0.6, 0.9))

    def value(self, kinds: tuple[Any, ...], depth: int = 0) -> Any:
        """Return a value of one of the kinds."""
        kind = self.random.choice([kind for kind in kinds if kind is not none_type])
        if isinstance(kind, list):
            return [self.value(kind[0] if isinstance(kind[0], tuple) else (kind[0],), depth + 1)]
        if isinstance(kind, dict):
            return {"key": self.value(next(iter(kind.values())), depth + 1)}
        if issubclass(kind, ModelComposed):
            return self.value(tuple(kind._composed_schemas["oneOf"]), depth)
        if issubclass(kind, ModelSimple):
            allowed = getattr(kind, "allowed_values", None)
            return self.random.choice(sorted(allowed, key=str)) if allowed else self.value(kind.openapi_types["value"])
        return self.members(kind, depth) if issubclass(kind, ModelNormal) else self.scalar(kind)

    def members(self, kind: Any, depth: int) -> dict[str, Any]:
        """Return an object of a model."""
        required = validation._required(kind)
        return {
            json_name: self.value(kind.openapi_types[name], depth + 1)
            for name, json_name in getattr(kind, "attribute_map", {}).items()
            if name in required or (depth < DEPTH and self.random.random() < self.share)
        }

    def scalar(self, kind: Any) -> Any:
        """Return a value of a kind that JSON has, or the text of one that it lacks."""
        if kind is datetime:
            return "2026-11-24T02:31:00+00:00"
        if kind is UUID:
            return str(UUID(int=self.random.getrandbits(128)))
        return {} if kind is dict else self.random.choice(NUMBERS.get(kind, TEXTS))


@pytest.mark.parametrize("operation", CREATES, ids=lambda operation: operation.name)
def test_a_body_made_from_its_model_gets_no_status_500_and_a_response_of_its_model(
    api: TestClient, operation: Operation
) -> None:
    generator = random.Random(operation.name)
    for _ in range(BODIES):
        body = Body(generator).value((operation.model,))
        response = api.post(operation.path, json=[body] if operation.body_is_list else body)
        assert response.status_code < 500, (response.text, body)
        if response.is_success and operation.name in MODELS and response.text:
            module, name = MODELS[operation.name]
            model = getattr(importlib.import_module(module), name)
            faults = set(validation.faults(response.json(), model))
            assert faults <= UNKNOWN.get(operation.name.partition(".")[2], set()), body
