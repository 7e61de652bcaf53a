"""Texts are cut to Datadog's limits, which are those of its API specification, as the client's models have it."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.model_utils import ModelNormal
from flask.testing import FlaskClient

from service.datadog import limits
from service.datadog.limits import LIMITS, cut, cut_to_limits
from tests.unit.service.fakes import FakeDatadog

FOLDER = Path(limits.__file__).parent
NOT_SENT = {("aggregation_key",), ("data", "attributes", "resource", "error", "message"),
            ("data", "attributes", "resource", "error", "type")}  # fmt: skip
"""Texts with a limit that the service never sends, and files of synthetic tests and units of graphs below."""
NOT_SENT_BELOW = {"files", "number_format", "steps"}


def called_operations() -> set[str]:
    """Return the operations that the service's code names."""
    text = "\n".join(path.read_text() for path in FOLDER.glob("*.py"))
    return set(re.findall(r'"(v[12]\.\w+\.\w+)"', text))


def specified(model: Any, path: tuple[str, ...] = (), above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, int]]:
    """Yield path and maximum of each text of a model of the client."""
    if isinstance(model, list | tuple):
        for item in model:
            yield from specified(item, (*path, "*") if isinstance(model, list) else path, above)
    elif isinstance(model, type) and issubclass(model, ModelNormal) and model not in above:
        names = model.attribute_map
        for key, validation in (getattr(model, "validations", None) or {}).items():
            if "max_length" in validation:
                yield (*path, names[key]), validation["max_length"]
        for key, kinds in model.openapi_types.items():
            yield from specified(kinds, (*path, names[key]), (*above, model))


def limits_of(operation: str) -> dict[tuple[str, ...], int]:
    """Return the specification's limits of the texts in an operation's body."""
    version, group, name = operation.split(".")
    module = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", group).lower()
    api = importlib.import_module(f"datadog_api_client.{version}.api.{module}")
    endpoint = getattr(getattr(api, group)(ApiClient(Configuration())), f"_{name}_endpoint")  # type: ignore[no-untyped-call]
    body = endpoint.params_map.get("body", {}).get("openapi_types", ())
    return {path: most for path, most in specified(body) if not NOT_SENT_BELOW & set(path) and path not in NOT_SENT}


def test_the_table_has_every_limit_of_the_specification() -> None:
    operations = called_operations()
    assert len(operations) > 20
    for operation in operations:
        ours = {limit.path: limit.characters for limit in LIMITS if operation in limit.operations}
        for path, most in limits_of(operation).items():
            assert ours[path] == most, (operation, path)


def test_the_table_names_operations_that_are_called() -> None:
    assert {operation for limit in LIMITS for operation in limit.operations} <= called_operations()


@pytest.mark.parametrize("length", [1, 79, 80, 81, 5000])
def test_a_text_is_cut_to_its_limit_and_shows_it(length: int) -> None:
    text = cut("x" * length, 80)
    assert len(text) == min(length, 80)
    assert text.endswith("…") is (length > 80)


def test_only_what_is_too_long_changes_and_the_body_given_stays_as_it_is() -> None:
    body = {"title": "é" * 600, "text": "b", "tags": ["a:" + "c" * 300, "d:e"], "other": "f" * 9000}
    shorter = cut_to_limits("v1.EventsApi.create_event", body)
    assert (len(shorter["title"]), len(shorter["tags"][0]), shorter["tags"][1]) == (500, 200, "d:e")
    assert (shorter["text"], shorter["other"], len(body["title"])) == ("b", body["other"], 600)


def test_an_incident_with_the_longest_title_gets_its_notebook(operator: FlaskClient, datadog: FakeDatadog) -> None:
    title = "Chats fail for everybody " * 12
    datadog.prepare("POST", "/api/v2/incidents", {"data": {"id": "0" * 36, "attributes": {"public_id": 1}}}, 201)
    datadog.prepare("GET", f"/api/v2/incidents/{'0' * 36}", {"data": {"id": "0" * 36, "attributes": {"title": title}}})
    datadog.prepare("GET", "/api/v1/monitor", [])
    for search in ("/api/v2/spans/events/search", "/api/v2/events/search", "/api/v2/logs/events/search"):
        datadog.prepare("POST", search, {"data": []})
    datadog.prepare("GET", "/api/v1/slo", {"data": []})
    datadog.prepare("POST", "/api/v2/dora/deployments", {"data": []})
    datadog.prepare("GET", "/api/v1/notebooks", {"data": []})
    datadog.prepare("POST", "/api/v1/notebooks", {"data": {"id": 5}})
    opened = operator.post("/datadog/incidents", json={"title": title}).get_json()
    assert opened["notebook"] == "https://app.datadoghq.com/notebook/5"
    [notebook] = datadog.sent("POST", "/api/v1/notebooks")
    name = notebook["data"]["attributes"]["name"]
    assert len(name) <= 80 and name.endswith("(00000000)") and "Chats fail" in name
