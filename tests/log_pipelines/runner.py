"""Comparison of published pipelines' results with those that the real engine recorded.

Compared are the attributes, message, status, service, trace id, time and tags, with these exceptions:

- The recorded tags carry a placeholder for the source; the source is set by the test and not compared.
- The samples hold no tags: a recorded tag that no processor writes came with the sample.
- A recorded time of 1, or none, says that no processor set a date: then ours must be unset, too. The clock of the
  recordings stood at the start of 1970, so a date without a year is compared without its year.
- A message that is a JSON object is compared as JSON: the recordings print it again, in an order of their own.
- Large decimals became texts (``9.68030256E8``) when the recordings were read as YAML: they are compared as numbers.
- Some recordings hold no status, or no service, for any sample of a pipeline: it was not recorded, and is not compared
  there.
- Below the target of a processor that needs Datadog's data (places of addresses, user agents, reference tables)
  nothing is compared; the case counts as ``external``.
"""

import json
import re
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from firedrill.logs.attributes import as_stored, remove_path
from firedrill.logs.pipelines import run_pipelines
from tests.log_pipelines.published import api_pipeline, filter_source

Json = dict[str, Any]
TOLERANCE = 1e-9
YAML_TEXT = re.compile(r"-?\d+\.\d+E-?\d+")
PLACEHOLDER = "source:LOGS_SOURCE"
END_OF_1971 = 63_072_000_000
UNSET_TIMES = (None, 1)
HALF_A_YEAR = timedelta(days=184)


@dataclass(frozen=True)
class Outcome:
    """Outcome of one sample; ``difference`` is None when all that is compared is equal."""

    pipeline: str
    number: int
    external: bool
    difference: str | None


@dataclass(frozen=True)
class Line:
    """One published pipeline under the API's names, with the fields that its recordings do not hold."""

    name: str
    pipeline: Json
    source: str
    written_tags: set[str]
    unrecorded: list[str] = field(default_factory=list)


def run_lines(lines: Iterable[Json]) -> list[Outcome]:
    """Run the samples of all pipelines, in order."""
    return [outcome for line in lines for outcome in run_line(line)]


def run_line(published: Json) -> list[Outcome]:
    """Run all samples of one published pipeline."""
    pipeline, results = api_pipeline(published["pipeline"]), [test["result"] for test in published["tests"]]
    line = Line(
        published["integration"],
        pipeline,
        filter_source(published["pipeline"]),
        tags_written(pipeline),
        [name for name in ("status", "service") if not any(name in result for result in results)],
    )
    return [_run_sample(line, number, test) for number, test in enumerate(published["tests"])]


def _run_sample(line: Line, number: int, test: Json) -> Outcome:
    try:
        event = run_pipelines([line.pipeline], sample_event(line, test))
    except Exception as error:  # noqa: BLE001  # one broken case must not hide the others
        return Outcome(line.name, number, False, f"{type(error).__name__}: {error}".replace("\n", " "))
    external = list(event.pop("external", ()))
    for name in line.unrecorded:
        event.pop(name, None)
    return Outcome(line.name, number, bool(external), difference(event, test["result"], external))


def tags_written(pipeline: Json) -> set[str]:
    """Return the keys of tags that a pipeline's processors write."""
    own = {pipeline["target"]} if pipeline.get("target_type") == "tag" else set()
    return own.union(*(tags_written(processor) for processor in pipeline.get("processors") or ()))


def sample_event(line: Line, test: Json) -> Json:
    """Return a sample as the event that enters the pipeline.

    A JSON object becomes the attributes. Its ``message`` is the message, or, if it is an object, is merged into them.
    """
    message = test["sample"]
    content = _json_object(message) or {}
    inner = content.get("message")
    if isinstance(inner, dict):
        content = {**{key: value for key, value in content.items() if key != "message"}, **inner}
    elif isinstance(inner, str):
        message = content.pop("message")
    recorded = test["result"].get("tags") or []
    tags = [tag for tag in recorded if tag != PLACEHOLDER and tag.partition(":")[0] not in line.written_tags]
    event: Json = {"source": line.source, "tags": tags, "message": message, "attributes": as_stored(content)}
    return event if test.get("service") is None else {**event, "service": test["service"]}


def _json_object(text: Any) -> Json | None:
    try:
        content = json.loads(text)
    except (TypeError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def difference(event: Json, expected: Json, external: list[str]) -> str | None:
    """Return the first difference from a recorded result, or None."""
    ours, theirs = deepcopy(event.get("attributes") or {}), deepcopy(expected.get("custom") or {})
    for path in external:
        remove_path(ours, path)
        remove_path(theirs, path)
    return (
        _first_difference("", ours, theirs)
        or _of_message(event.get("message"), expected.get("message"))
        or _of_fields(event, expected)
        or _of_tags(event.get("tags") or [], expected.get("tags") or [])
        or _of_time(event.get("timestamp"), expected.get("timestamp"))
    )


def _of_fields(event: Json, expected: Json) -> str | None:
    for name in ("status", "service", "trace_id"):
        if event.get(name) != expected.get(name):
            return f"{name} is {event.get(name)!r}, recorded {expected.get(name)!r}"
    return None


def _of_message(ours: Any, theirs: Any) -> str | None:
    left, right = _json_object(ours), _json_object(theirs)
    if left is not None and right is not None:
        return _first_difference("message", as_stored(left), as_stored(right))
    return None if ours == theirs else f"message is {ours!r}, recorded {theirs!r}"


def _of_tags(ours: list[str], theirs: list[str]) -> str | None:
    recorded = sorted(tag for tag in theirs if tag != PLACEHOLDER)
    return None if sorted(ours) == recorded else f"tags are {sorted(ours)!r}, recorded {recorded!r}"


def _of_time(ours: Any, theirs: Any) -> str | None:
    if ours in UNSET_TIMES and theirs in UNSET_TIMES:
        return None
    return None if ours == theirs or _same_but_year(ours, theirs) else f"timestamp is {ours!r}, recorded {theirs!r}"


def _first_difference(path: str, ours: Any, theirs: Any) -> str | None:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return _of_objects(path, ours, theirs)
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return next((text for at, pair in pairs if (text := _first_difference(f"{path}[{at}]", *pair))), None)
    return None if _equal(ours, theirs) else f"{path} is {ours!r}, recorded {theirs!r}"


def _of_objects(path: str, ours: Json, theirs: Json) -> str | None:
    for key in sorted({*ours, *theirs}):
        place = f"{path}.{key}" if path else key
        if key not in theirs:
            return f"{place} is {ours[key]!r}, recorded nothing"
        if key not in ours:
            return f"{place} is missing, recorded {theirs[key]!r}"
        below = _first_difference(place, ours[key], theirs[key])
        if below:
            return below
    return None


def _equal(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return ours is theirs
    if isinstance(ours, int | float) and isinstance(theirs, str) and YAML_TEXT.fullmatch(theirs):
        theirs = float(theirs)
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        return abs(ours - theirs) <= TOLERANCE * max(1.0, abs(theirs)) or _same_but_year(ours, theirs)
    return bool(ours == theirs)


def _same_but_year(ours: Any, theirs: Any) -> bool:
    """Return whether both are one date without year: near now here, near the start of 1971 in the recordings."""
    if not isinstance(ours, int) or not isinstance(theirs, int) or not 0 < theirs < END_OF_1971:
        return False
    moment, recorded = (datetime.fromtimestamp(time / 1000, UTC) for time in (ours, theirs))
    if abs(moment - datetime.now(UTC)) > HALF_A_YEAR:
        return False
    return (moment.month, moment.day, moment.timetz()) == (recorded.month, recorded.day, recorded.timetz())
