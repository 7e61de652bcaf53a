"""Scenarios: what happens to the service, and what must follow. Never a threshold's value."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from firedrill.errors import KnownFailure

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class ScenarioError(KnownFailure):
    """A scenario file that cannot be used; names the file, the place and the reason."""


def seconds(value: Any) -> Any:
    """``6m`` as seconds; numbers are seconds already."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d+)([smhd])", value)
    if match is None:
        raise ValueError(f"{value!r} is not a duration: write a number and s, m, h or d, such as 6m")
    return int(match[1]) * UNITS[match[2]]


Duration = Annotated[int, BeforeValidator(seconds, json_schema_input_type=int | str)]
"""Seconds; in a file ``90s``, ``6m``, ``2h`` or ``1d``."""


class Model(BaseModel):
    """Unknown keys are errors, so that a misspelt expectation cannot pass."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Failure(Model):
    """What the sandbox's Gemini does to every call of one model."""

    gemini: Literal["throttled", "slow", "empty", "blocked", "down", "malformed", "cut", "leaking", "endless"]
    model: Literal["primary", "fallback", "*"] = "primary"
    seconds: float | None = Field(None, description="how long a slow answer takes")
    share: float = Field(1.0, gt=0, le=1, description="of the calls")


class Callers(Model):
    """What callers of the running service do."""

    callers: Literal["attack", "documents", "complain"] = Field(
        description="try to inject prompts, send long texts along, or rate each answer down"
    )


class Recorded(Model):
    """Telemetry in a file, from ``firedrill record`` or an account's export: it begins with the healthy part."""

    recording: str = Field(
        description="a file beside the scenario's folder, such as recordings/outage.npz, or the three of another "
        "drill: recordings/slow_answers"
    )


Amount = Annotated[
    float | str,
    Field(
        description="a number, `x3` (times the ordinary), `0..20` (rises over the phase) or `none` (nothing arrives)"
    ),
]


class Change(Model):
    """How one ordinary signal differs in a phase."""

    rate: Amount | None = None
    value: Amount | None = None
    failed: list[str] | None = Field(default=None, description="locations from which a synthetic test fails")


class Written(Model):
    """Which signals of the ordinary ones (``ordinary.yaml``) change; all others stay as they are."""

    failing: dict[str, Change]
    remediated: dict[str, Change] = Field(default_factory=dict)
    healthy: dict[str, Change] = Field(default_factory=dict)


class Timeline(Model):
    """How long each recorded segment lasts on the virtual clock."""

    healthy: Duration = Field(description="before the failure; longer than the longest window of an alert")
    failing: Duration = Field(description="from the failure to its remediation")
    remediated: Duration = Field(description="after it")


class Expectation(Model):
    """What one alert must do. ``alert`` is the monitor's resource name in the program."""

    alert: str
    fires_within: Duration | None = Field(None, description="after the failure begins")
    clears_within: Duration | None = Field(None, description="after the remediation")
    clears_after: Duration | None = Field(None, description="not sooner than this after the remediation")
    ends_early: bool = Field(False, description="may clear while the failure lasts, such as an alert on a change")
    flaps: bool = Field(False, description="may come and go while the failure lasts")
    stays: Literal["quiet"] | None = None
    pages: str | None = Field(None, description="the person or schedule that is paged")
    runs: str | None = Field(None, description="the workflow that it starts")
    message_contains: str | None = None
    shows: Literal["OK", "WARN", "ALERT", "NO DATA"] | None = Field(None, description="as the failing phase ends")


class Scenario(Model):
    """One failure and what must follow. Alerts that are not named must stay quiet."""

    title: str
    given: Failure | Callers | Recorded | Written
    timeline: Timeline
    remediation: str = Field("", description="handle of the workflow that ends a live failure")
    then: list[Expectation]


def load(path: Path) -> Scenario:
    """Read one file."""
    try:
        return Scenario.model_validate(yaml.safe_load(path.read_text()))
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path}: not YAML: {error}") from error
    except ValidationError as error:
        first = _nearest(error)
        place = ".".join(str(part) for part in first["loc"] if part not in KINDS) or "the file"
        raise ScenarioError(f"{path}: {place}: {first['msg']}") from error


KINDS = ("Failure", "Callers", "Recorded", "Written")
LIVE = (Failure, Callers)
"""Kinds of ``given`` that a drill does to the running service."""


def _nearest(error: ValidationError) -> Any:
    """The problem with the fewest alternatives: of the four kinds of ``given``, that of the kind that was meant."""
    found = error.errors()
    for kind, key in zip(KINDS, ("gemini", "callers", "recording", "failing"), strict=True):
        meant = [one for one in found if kind in one["loc"]]
        given = next((one["input"] for one in meant if one["type"] == "extra_forbidden"), None)
        missing = any(one["loc"][-1] == key and one["type"] == "missing" for one in meant)
        if meant and not missing and given is None:
            return meant[0]
    return found[0]


def load_all(folder: Path, names: Iterable[str] = ()) -> dict[str, Scenario]:
    """The scenarios of a folder by name, or those named."""
    files = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    wanted = list(names) or list(files)
    unknown = [name for name in wanted if name not in files]
    if unknown:
        raise ScenarioError(f"there is no scenario {unknown[0]!r} in {folder}: there are {', '.join(files) or 'none'}")
    return {name: load(files[name]) for name in wanted}
