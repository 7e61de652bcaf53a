"""Scenario files: what happens to the service, and what each alert must do then. They never name a threshold."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from firedrill.errors import KnownFailure

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class ScenarioError(KnownFailure):
    """A scenario file that cannot be used. The message names the file, the place in it and the reason."""


def seconds(value: Any) -> Any:
    """Return a duration such as ``6m`` in seconds. Numbers are seconds already."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d+)([smhd])", value)
    if match is None:
        raise ValueError(f"{value!r} is not a duration: write a number and s, m, h or d, such as 6m")
    return int(match[1]) * UNITS[match[2]]


def _named(value: Any) -> Any:
    """Return a name alone as a mapping without inputs."""
    return {value: {}} if isinstance(value, str) else value


Duration = Annotated[int, BeforeValidator(seconds, json_schema_input_type=int | str)]
"""Seconds; in a file ``90s``, ``6m``, ``2h`` or ``1d``."""


class Model(BaseModel):
    """A part of a file. An unknown key is an error, so that a misspelt expectation cannot pass."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class GeminiFailure(Model):
    """A failure of the sandbox's Gemini: how it answers the calls of one model."""

    gemini: Literal["throttled", "slow", "empty", "blocked", "down", "malformed", "cut", "leaking", "endless"]
    model: Literal["primary", "fallback", "*"] = "primary"
    seconds: float | None = Field(None, description="the duration of a slow answer")
    share: float = Field(1.0, gt=0, le=1, description="the share of calls that fail")


class CallerBehaviour(Model):
    """Unusual behaviour of the callers of the running service."""

    callers: Literal["attack", "documents", "complain"] = Field(
        description="inject prompts, send long texts along, or rate each answer down"
    )


class RecordedTelemetry(Model):
    """Telemetry in a file, from `firedrill record` or an account's export. It begins with the healthy phase."""

    recording: str = Field(
        description="a file in drills/, such as recordings/outage.npz, or the three files of another drill by their "
        "name, such as recordings/slow_answers"
    )


Amount = Annotated[
    float | str,
    Field(description="a number, `x3` (times the ordinary amount), `0..20` (rises over the phase) or `none`"),
]


class SignalChange(Model):
    """The differences of one ordinary signal in a phase."""

    rate: Amount | None = None
    value: Amount | None = None
    spread: Amount | None = Field(
        default=None, description="of the values; without `value`, the mean stays and the median moves"
    )
    failed: list[str] | None = Field(default=None, description="the locations from which a synthetic test fails")


Channel = Literal["metrics", "traces", "logs", "llm-observability", "browsers", "tests", "others"]
"""A way by which telemetry reaches Datadog, and which can fail by itself: `metrics` is DogStatsD."""


class SignalChanges(Model):
    """Changes of the signals of ordinary.yaml. All other signals stay as they are."""

    failing: dict[str, SignalChange]
    lost: list[Channel] = Field(
        default_factory=list, description="channels whose telemetry does not arrive in the failing phase"
    )
    late: dict[Channel, Duration] = Field(
        default_factory=dict, description="channels whose telemetry of the failing phase arrives so much later"
    )
    remediated: dict[str, SignalChange] = Field(default_factory=dict)
    healthy: dict[str, SignalChange] = Field(default_factory=dict)


class Phases(Model):
    """The durations of the three phases on the virtual clock."""

    healthy: Duration = Field(description="before the failure; longer than the longest window of an alert")
    failing: Duration = Field(description="from the failure to its remediation")
    remediated: Duration = Field(description="after the remediation")


class Expectation(Model):
    """The expected behaviour of one alert. `alert` is the monitor's resource name in the program."""

    alert: str
    fires_within: Duration | None = Field(None, description="after the failure begins")
    clears_within: Duration | None = Field(None, description="after the remediation")
    clears_after: Duration | None = Field(None, description="not sooner than this after the remediation")
    ends_early: bool = Field(False, description="may clear while the failure lasts, such as an alert on a change")
    flaps: bool = Field(False, description="may clear and fire again while the failure lasts")
    stays: Literal["quiet"] | None = None
    may_stay_quiet: bool = Field(False, description="may fire or stay quiet: what the service emits decides")
    pages: str | None = Field(None, description="the person or schedule that is paged")
    escalates: dict[Duration, str] = Field(
        default_factory=dict,
        description="the person or schedule that is paged so long after the page, if nobody acknowledges: `{5m: Ann}`",
    )
    tells: str | None = Field(
        None,
        description="the handle, without @, of a team, channel or address that is notified, or `nobody`; by default an "
        "alert that fires notifies somebody, and one that stays quiet nobody",
    )
    runs: Annotated[
        dict[str, dict[str, str]],
        BeforeValidator(_named, json_schema_input_type=str | dict[str, dict[str, str]]),
    ] = Field(
        default_factory=dict,
        description="the workflow that it starts, or several with their inputs: `{switch-model: {model: flash}}`",
    )
    message_contains: str | None = None
    shows: Literal["OK", "WARN", "ALERT", "NO DATA"] | None = Field(
        None, description="the state at the end of the failing phase"
    )


class Scenario(Model):
    """One failure and its expected alerts. Alerts without an expectation must stay quiet."""

    title: str
    given: GeminiFailure | CallerBehaviour | RecordedTelemetry | SignalChanges
    timeline: Phases
    begins: AwareDatetime | None = Field(
        None, description="the time of the first telemetry; by default a Wednesday, 06:00 UTC"
    )
    remediation: str = Field("", description="the handle of the workflow that ends a live failure")
    then: list[Expectation]

    @property
    def is_live(self) -> bool:
        """True for a failure or a behaviour that a drill can apply to the running service."""
        return isinstance(self.given, GeminiFailure | CallerBehaviour)

    def expectations_of(self, alert: str) -> list[Expectation]:
        """Return the expectations of one alert."""
        return [expectation for expectation in self.then if expectation.alert == alert]


def load(path: Path) -> Scenario:
    """Read a scenario.

    Raises:
        ScenarioError: The file is not a scenario.
    """
    try:
        return Scenario.model_validate(yaml.safe_load(path.read_text()))
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path}: not YAML: {error}") from error
    except ValidationError as error:
        first = _most_likely_error(error)
        place = ".".join(str(part) for part in first["loc"] if part not in REQUIRED_KEYS) or "the file"
        raise ScenarioError(f"{path}: {place}: {first['msg']}") from error


def load_all(folder: Path, names: Iterable[str] = ()) -> dict[str, Scenario]:
    """Return the scenarios of a folder by name: those of ``names``, or all."""
    files = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    selected = list(names) or list(files)
    for name in selected:
        if name not in files:
            raise ScenarioError(f"there is no scenario {name!r} in {folder}: there are {', '.join(files) or 'none'}")
    return {name: load(files[name]) for name in selected}


REQUIRED_KEYS = {
    "GeminiFailure": "gemini",
    "CallerBehaviour": "callers",
    "RecordedTelemetry": "recording",
    "SignalChanges": "failing",
}
"""The required key of each kind of ``given``, by its class, which is a part of an error's location."""


def _most_likely_error(error: ValidationError) -> Any:
    """Return the error to report. Of ``given``, it is the error of the kind whose required key is there."""
    errors = error.errors()
    for kind, key in REQUIRED_KEYS.items():
        of_kind = [item for item in errors if kind in item["loc"]]
        is_other_kind = any(
            item["type"] == "extra_forbidden" or (item["type"] == "missing" and item["loc"][-1] == key)
            for item in of_kind
        )
        if of_kind and not is_other_kind:
            return of_kind[0]
    return errors[0]
