"""Read one monitor as people have it: members that are null, numbers as texts, notes that Datadog's pages add.

The API takes and answers more forms than its reference shows. What a form cannot mean is refused with a reason.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model

from firedrill.evaluate.model import Json

EMPTY: Json = {"name": "", "message": "", "tags": [], "options": {}}


class UnreadableMonitor(Exception):
    """A monitor that cannot be read; the text is the reason."""


def _whole(number: float) -> float:
    return int(number) if number.is_integer() else number


def _not_blank(value: Any) -> Any:
    return None if value == "" else value


def _as_list(value: Any) -> Any:
    if isinstance(value, Mapping):
        return [f"{key}:{item}" for key, item in value.items()]
    items = [value] if isinstance(value, str) else value
    return [item for item in items if item is not None] if isinstance(items, list) else items


def _as_facet(value: Any) -> Any:
    return {"facet": value} if isinstance(value, str) else value


def _first(value: Any) -> Any:
    """Return the first of a list: cost and aggregate queries have a list of computations."""
    return value[0] if isinstance(value, list) and value else value


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone") from error
    return name


def _rule(text: str) -> str:
    try:
        rrulestr(text)
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{text!r} is not a recurrence rule") from error
    return text


def _time(text: str) -> str:
    datetime.fromisoformat(text)
    return text


Number = Annotated[float, Field(allow_inf_nan=False), AfterValidator(_whole)]
OptionalNumber = Annotated[Number | None, BeforeValidator(_not_blank)]
Switch = Annotated[bool | None, BeforeValidator(_not_blank)]
Texts = Annotated[list[str] | None, BeforeValidator(_as_list)]
Zone = Annotated[str, AfterValidator(_zone)]
Time = Annotated[str, AfterValidator(_time)]
Clock = Annotated[str, Field(pattern=r"^[0-9]{1,2}:[0-9]{2}$")]


def _form(title: str, /, extra: Literal["allow", "ignore"] = "allow", **types: Any) -> type[BaseModel]:
    """Return the model of an object whose members may be absent or null, and which may have others."""
    fields: dict[str, Any] = {member: (type_ | None, None) for member, type_ in types.items()}
    return create_model(title, __config__=ConfigDict(extra=extra, coerce_numbers_to_str=True), **fields)


def _all(type_: Any, names: str) -> dict[str, Any]:
    return dict.fromkeys(names.split(), type_)


LEVELS = "critical warning ok unknown critical_recovery warning_recovery"
SWITCHES = (
    "notify_no_data notify_audit include_tags require_full_window locked enable_logs_sample enable_samples "
    "groupby_simple_monitor"
)
NUMBERS = (
    "no_data_timeframe renotify_interval renotify_occurrences timeout_h evaluation_delay new_group_delay new_host_delay"
)
RECURRENCE = create_model(
    "Recurrence", rrule=(Annotated[str, AfterValidator(_rule)], ...), __base__=_form("Begin", timezone=Zone, start=Time)
)
GROUP = create_model("Group", facet=(str, ...), __base__=_form("Sort", limit=OptionalNumber))
WINDOW = _form("Window", day_starts=Clock, timezone=Zone, hour_starts=OptionalNumber, month_starts=OptionalNumber)
VARIABLE = create_model(
    "Variable",
    name=(str, ...),
    __base__=_form(
        "Query",
        data_source=str,
        search=_form("Search", query=str),
        compute=Annotated[
            _form("Compute", aggregation=str, metric=str, interval=OptionalNumber) | None, BeforeValidator(_first)
        ],
        group_by=list[Annotated[GROUP, BeforeValidator(_as_facet)]],  # type: ignore[valid-type]  # made above
        indexes=Texts,
    ),
)
OPTIONS = _form(
    "Options",
    # Pages of Datadog store the shown comparison and period beside the levels.
    thresholds=_form("Thresholds", "ignore", **_all(OptionalNumber, LEVELS)),
    threshold_windows=_form("Windows", trigger_window=str, recovery_window=str),
    scheduling_options=_form(
        "Scheduling",
        custom_schedule=_form("Schedule", recurrences=list[RECURRENCE]),  # type: ignore[valid-type]  # made above
        evaluation_window=WINDOW,
    ),
    variables=list[VARIABLE],  # type: ignore[valid-type]  # made above
    **_all(Texts, "notify_by renotify_statuses"),
    **_all(Switch, SWITCHES),
    **_all(OptionalNumber, NUMBERS),
    **_all(str, "escalation_message on_missing_data group_retention_duration"),
)
MONITOR = create_model(
    "Monitor",
    **_all((Annotated[str, Field(strict=True)], ...), "type query"),
    __base__=_form("Rest", name=str, message=str, tags=Texts, priority=OptionalNumber, options=OPTIONS),
)
"""A monitor as people have it (docs.datadoghq.com/api/latest/monitors/#create-a-monitor)."""


def read_monitor(content: Any) -> Json:
    """Return a monitor in the form of the API's answers, whatever its writer left out or wrote otherwise.

    ``id`` is as it was written. Raises :class:`UnreadableMonitor`.
    """
    try:
        monitor = MONITOR.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        shown = f"{str(first['input'])[:40]!r}: " if first["type"] != "missing" else ""
        raise UnreadableMonitor(f"its {place or 'form'} is {shown}{first['msg']}") from error
    read: Json = monitor.model_dump(exclude_none=True)
    return {**read, **{key: read.get(key) or empty for key, empty in EMPTY.items()}}


def with_distinct_ids(monitors: Sequence[tuple[str, Json]]) -> tuple[list[Json], dict[str, str]]:
    """Return monitors with distinct ids, and distinct names by id. Each has the name that it should be known by.

    A monitor without an id, or with one that an earlier monitor has, gets its position in the file.
    """
    taken = {str(monitor["id"]) for _, monitor in monitors if _is_id(monitor.get("id"))}
    seen: set[str] = set()
    result, names = [], dict[str, str]()
    counts = Counter(name for name, _ in monitors)
    for position, (name, monitor) in enumerate(monitors, 1):
        identifier = monitor.get("id")
        if not _is_id(identifier) or str(identifier) in seen:
            identifier = f"#{position}" if str(position) in taken else position
        seen.add(str(identifier))
        known_by = name or f"monitor {identifier}"
        names[str(identifier)] = known_by if counts[name] == 1 or not name else f"{known_by} (monitor {identifier})"
        result.append({**monitor, "id": identifier, "name": monitor.get("name") or known_by})
    return result, names


def _is_id(value: Any) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool) and value != ""
