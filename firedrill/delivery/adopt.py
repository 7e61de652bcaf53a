"""``firedrill import``: existing monitors, dashboards and SLOs as declarations in Python that change nothing.

Each declaration carries the object's id as its ``import_`` option: the next ``pulumi up`` takes the object over, as it
is, and from then on the option does nothing. What is read of an object is what the provider itself reads of it.
"""

import json
import pprint
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import quote

from firedrill.errors import KnownFailure
from firedrill.sandbox.providers.datadog.api import Api
from firedrill.sandbox.providers.datadog.provider import provider
from firedrill.sandbox.providers.resource import Call

Json = dict[str, Any]
PAGE = 100
WIDTH = 100
KINDS = {
    "datadog:index/monitor:Monitor": "Monitor",
    "datadog:index/serviceLevelObjective:ServiceLevelObjective": "ServiceLevelObjective",
    "datadog:index/dashboardJson:DashboardJson": "DashboardJson",
}
"""The SDK's class by type."""


@dataclass(frozen=True)
class Found:
    """An object of the account: its type, its id, what people call it."""

    type: str
    id: str
    title: str


def find(api: Api, tag: str, managed: Iterable[str] = ()) -> list[Found]:
    """The monitors, SLOs and dashboards with a tag, but for those whose ids a stack manages already.

    Monitors that Datadog made with a synthetic test are left out: they go with their test.
    """
    known = set(managed)
    found = [*_monitors(api, tag), *_slos(api, tag), *_dashboards(api, tag)]
    return [one for one in found if one.id not in known]


def _monitors(api: Api, tag: str) -> Iterator[Found]:
    for page in count():
        listed = api.call(f"GET /api/v1/monitor?monitor_tags={quote(tag)}&page={page}&page_size={PAGE}")
        for one in listed:
            if tag in (one.get("tags") or ()) and one["type"] != "synthetics alert":
                yield Found("datadog:index/monitor:Monitor", str(one["id"]), one["name"])
        if len(listed) < PAGE:
            return


def _slos(api: Api, tag: str) -> Iterator[Found]:
    for page in count():
        listed = api.call(f"GET /api/v1/slo?tags_query={quote(tag)}&limit={PAGE}&offset={page * PAGE}")["data"]
        for one in listed:
            if tag in (one.get("tags") or ()):
                yield Found("datadog:index/serviceLevelObjective:ServiceLevelObjective", str(one["id"]), one["name"])
        if len(listed) < PAGE:
            return


def _dashboards(api: Api, tag: str) -> Iterator[Found]:
    """The list of dashboards has no tags: each is asked for."""
    for page in count():
        listed = api.call(f"GET /api/v1/dashboard?count={PAGE}&start={page * PAGE}")["dashboards"]
        for one in listed:
            whole = api.call(f"GET /api/v1/dashboard/{one['id']}")
            if tag in (whole.get("tags") or ()):
                yield Found("datadog:index/dashboardJson:DashboardJson", str(one["id"]), whole["title"])
        if len(listed) < PAGE:
            return


def module(api: Api, found: Iterable[Found], tag: str) -> str:
    """A Python module that declares objects as they are.

    Raises:
        KnownFailure: there is nothing to declare.
    """
    table = provider()
    table.configure({"apiUrl": api.url, "apiKey": api.api_key, "appKey": api.app_key})
    names: set[str] = set()
    declared = []
    for one in found:
        read = table.kinds[one.type].read(Call(f"urn:pulumi:s::p::{one.type}::x"), one.id, {}, {})
        if read is not None:
            declared.append(_declaration(one, _unique(one.title, names), read[0]))
    if not declared:
        raise KnownFailure(f"no monitor, SLO or dashboard that is not managed already has the tag {tag}")
    needed = "import json\n\n" if any("json.dumps" in text for text in declared) else ""
    head = f'"""What the account had with the tag {tag}, as it was found."""\n\n{needed}'
    return head + "import pulumi\nimport pulumi_datadog as dd\n\n" + "\n".join(declared)


def _declaration(one: Found, name: str, inputs: Json) -> str:
    lines = [f"dd.{KINDS[one.type]}(", f"    {name!r},"]
    for key, value in inputs.items():
        if key == "dashboard":
            lines.append(f"    {_snake(key)}=json.dumps({_literal(json.loads(value))}),")
        else:
            lines.append(f"    {_snake(key)}={_literal(_snaked(value))},")
    lines += [f"    opts=pulumi.ResourceOptions(import_={one.id!r}),", ")", ""]
    return "\n".join(lines)


def _literal(value: Any) -> str:
    """A value as Python writes it, indented as an argument."""
    text = pprint.pformat(value, width=WIDTH, sort_dicts=False)
    return text.replace("\n", "\n        ") if "\n" in text else text


def _snaked(value: Any) -> Any:
    """Nested inputs under the SDK's names."""
    if isinstance(value, dict):
        return {_snake(key): _snaked(inner) for key, inner in value.items()}
    return [_snaked(inner) for inner in value] if isinstance(value, list) else value


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _unique(title: str, names: set[str]) -> str:
    """A resource's name from what people call it."""
    base = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "object"
    name = next(one for n in count(1) if (one := base if n == 1 else f"{base}-{n}") not in names)
    names.add(name)
    return name
