"""The defaults that the published providers' Check adds to inputs, in the form that policies receive.

A bridged provider adds the defaults of its schema, and to each object a ``__defaults`` with their names (empty where it
added none). Resources of the Terraform plugin framework have neither. check_defaults.json has both by resource type,
derived from calls of the published Datadog plugin that were recorded over gRPC: the program's inputs (``news``) beside
what Check returned (``checked``), a JSON line each. To write it anew from such a file:

    python -m tests.unit.policies.check_defaults RECORDING.jsonl
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_suffix(".json")
SECRET_VALUE = "4dabf18193072939515e22adb298388d"
Json = Any
Objects = Iterator[tuple[str, Mapping[str, Json], Mapping[str, Json]]]
DEFAULTS = "__defaults"
"""In each object that a bridged provider's Check returns: the names of the members that Check itself added."""


def check(type_token: str, inputs: Json) -> Json:
    """Return a resource's inputs as the published provider's Check returns them.

    Google's provider is a bridge too. What its Check adds was not recorded; each of its objects gets a ``__defaults``.
    """
    recorded = json.loads(TABLE.read_text()).get(type_token, {"bridged": type_token.startswith("gcp:")})
    return _checked(inputs, "", recorded) if recorded["bridged"] else inputs


def _checked(value: Json, path: str, recorded: Mapping[str, Json]) -> Json:
    if isinstance(value, list):
        return [_checked(item, f"{path}[]", recorded) for item in value]
    if not isinstance(value, dict) or SECRET_VALUE in value:
        return value
    members = {name: _checked(item, _join(path, name), recorded) for name, item in value.items()}
    if path in recorded.get("maps", ()):
        return members
    added = {
        name: default["value"]
        for name, default in recorded.get("adds", {}).get(path, {}).items()
        if name not in value and not set(default["unless"]) & value.keys()
    }
    return {DEFAULTS: sorted(added), **members, **added}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def derive(calls: Iterable[Mapping[str, Json]]) -> dict[str, Json]:
    """Return the table that calls of Check show. Refused inputs say nothing."""
    objects: dict[str, list[tuple[str, Mapping[str, Json], Mapping[str, Json]]]] = {}
    for call in calls:
        if call["news"] and "failures" not in call["checked"]:
            objects.setdefault(call["type"], []).extend(_objects(call["news"], call["checked"], ""))
    return {token: _of_type(pairs) for token, pairs in sorted(objects.items())}


def _objects(news: Json, checked: Json, path: str) -> Objects:
    """Yield each object of the inputs: its path, as the program has it, and as Check returned it."""
    if isinstance(news, list) and isinstance(checked, list):
        for before, after in zip(news, checked, strict=True):
            yield from _objects(before, after, f"{path}[]")
    elif isinstance(news, dict) and isinstance(checked, dict):
        yield path, news, checked
        for name in news:
            yield from _objects(news[name], checked[name], _join(path, name))


def _of_type(pairs: list[tuple[str, Mapping[str, Json], Mapping[str, Json]]]) -> dict[str, Json]:
    bridged = any(DEFAULTS in after for _, _, after in pairs)
    maps = sorted({path for path, _, after in pairs if bridged and DEFAULTS not in after})
    adds: dict[str, dict[str, Json]] = {}
    for path, before, after in pairs:
        for name in after.get(DEFAULTS, ()):
            same_place = [(old, new) for place, old, new in pairs if place == path and name not in old]
            without = [old.keys() for old, new in same_place if name not in new]
            having = {key for old, new in same_place if name in new for key in old}
            unless = set.intersection(*map(set, without)) - having if without else set()
            adds.setdefault(path, {})[name] = {"value": after[name], "unless": sorted(unless)}
        assert all(name in before or name in after.get(DEFAULTS, ()) for name in after if name != DEFAULTS), path
    return {"bridged": bridged, **({"maps": maps} if maps else {}), **({"adds": adds} if adds else {})}


if __name__ == "__main__":
    lines = Path(sys.argv[1]).read_text().splitlines()
    TABLE.write_text(json.dumps(derive(map(json.loads, lines)), indent=1, sort_keys=True) + "\n")
