"""``firedrill import``: existing monitors, dashboards and SLOs as declarations in Python that change nothing.

Each declaration has the object's id as its ``import_`` option: the next ``pulumi up`` imports the object unchanged, and
from then on the option has no effect. The provider itself reads the objects.
"""

import json
import pprint
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import quote

from firedrill.datadog.client import DatadogClient
from firedrill.datadog.provider import provider
from firedrill.errors import KnownFailure
from firedrill.provider.resource import ResourceCall
from firedrill.provider.values import without_defaults

Json = dict[str, Any]
PAGE = 100
WIDTH = 100
"""Characters of a line in the module."""
CLASSES = {
    "datadog:index/monitor:Monitor": "Monitor",
    "datadog:index/serviceLevelObjective:ServiceLevelObjective": "ServiceLevelObjective",
    "datadog:index/dashboardJson:DashboardJson": "DashboardJson",
}
"""The SDK's class by type."""


@dataclass(frozen=True)
class AccountObject:
    """An object of the account: its type token, its id, and its title or name."""

    type: str
    id: str
    title: str


def find_objects(client: DatadogClient, tag: str, managed: Iterable[str] = ()) -> list[AccountObject]:
    """Return the monitors, SLOs and dashboards with a tag, without those whose ids a stack manages already.

    Monitors that Datadog created for a synthetic test are left out: they belong to their test.
    """
    managed_ids = set(managed)
    objects = [*_monitors(client, tag), *_slos(client, tag), *_dashboards(client, tag)]
    return [existing for existing in objects if existing.id not in managed_ids]


def _monitors(client: DatadogClient, tag: str) -> Iterator[AccountObject]:
    for page in count():
        monitors = client.call(f"GET /api/v1/monitor?monitor_tags={quote(tag)}&page={page}&page_size={PAGE}")
        for monitor in monitors:
            if tag in (monitor.get("tags") or ()) and monitor["type"] != "synthetics alert":
                yield AccountObject("datadog:index/monitor:Monitor", str(monitor["id"]), monitor["name"])
        if len(monitors) < PAGE:
            return


def _slos(client: DatadogClient, tag: str) -> Iterator[AccountObject]:
    type = "datadog:index/serviceLevelObjective:ServiceLevelObjective"
    for page in count():
        slos = client.call(f"GET /api/v1/slo?tags_query={quote(tag)}&limit={PAGE}&offset={page * PAGE}")["data"]
        for slo in slos:
            if tag in (slo.get("tags") or ()):
                yield AccountObject(type, str(slo["id"]), slo["name"])
        if len(slos) < PAGE:
            return


def _dashboards(client: DatadogClient, tag: str) -> Iterator[AccountObject]:
    """Yield the dashboards with a tag. The list has no tags, so that each dashboard is read."""
    for page in count():
        summaries = client.call(f"GET /api/v1/dashboard?count={PAGE}&start={page * PAGE}")["dashboards"]
        for summary in summaries:
            dashboard = client.call(f"GET /api/v1/dashboard/{summary['id']}")
            if tag in (dashboard.get("tags") or ()):
                yield AccountObject("datadog:index/dashboardJson:DashboardJson", str(summary["id"]), dashboard["title"])
        if len(summaries) < PAGE:
            return


def python_module(client: DatadogClient, objects: Iterable[AccountObject], tag: str) -> str:
    """Return a Python module that declares objects as they are.

    Raises:
        KnownFailure: there is nothing to declare.
    """
    kinds = provider(client).kinds
    names: set[str] = set()
    declarations = []
    for existing in objects:
        read = kinds[existing.type].read(ResourceCall(f"urn:pulumi:s::p::{existing.type}::x"), existing.id, {}, {})
        if read is not None:
            declarations.append(_declaration(existing, _unique_name(existing.title, names), without_defaults(read[0])))
    if not declarations:
        raise KnownFailure(f"no unmanaged monitor, SLO or dashboard has the tag {tag}: give the tag of existing ones")
    imports = "import json\n\n" if any("json.dumps" in text for text in declarations) else ""
    head = f'"""Objects of the account with the tag {tag}."""\n\n{imports}'
    return head + "import pulumi\nimport pulumi_datadog as dd\n\n" + "\n".join(declarations)


def _declaration(existing: AccountObject, name: str, inputs: Json) -> str:
    lines = [f"dd.{CLASSES[existing.type]}(", f"    {name!r},"]
    for key, value in inputs.items():
        if key == "dashboard":
            lines.append(f"    {_snake_case(key)}=json.dumps({_literal(json.loads(value))}),")
        else:
            lines.append(f"    {_snake_case(key)}={_literal(_snake_case_keys(value))},")
    lines += [f"    opts=pulumi.ResourceOptions(import_={existing.id!r}),", ")", ""]
    return "\n".join(lines)


def _literal(value: Any) -> str:
    """Return a value as a Python literal, indented as an argument."""
    text = pprint.pformat(value, width=WIDTH, sort_dicts=False)
    return text.replace("\n", "\n        ") if "\n" in text else text


def _snake_case_keys(value: Any) -> Any:
    """Return nested inputs with the SDK's names."""
    if isinstance(value, dict):
        return {_snake_case(key): _snake_case_keys(inner) for key, inner in value.items()}
    return [_snake_case_keys(inner) for inner in value] if isinstance(value, list) else value


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _unique_name(title: str, names: set[str]) -> str:
    """Return an unused resource name made from a title, and add it to the names."""
    base = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "object"
    candidates = (base if number == 1 else f"{base}-{number}" for number in count(1))
    name = next(candidate for candidate in candidates if candidate not in names)
    names.add(name)
    return name
