"""The ordinary telemetry of a service, as ``drills/ordinary.yaml`` declares it signal by signal."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError

from firedrill.scenario.scenario import Channel, Model, ScenarioError, SignalChange

CHANNELS: Mapping[str, Channel] = {
    "logs": "logs",
    "spans": "traces",
    "error-tracking": "traces",
    "llmobs": "llm-observability",
    "rum": "browsers",
}
"""The channel of each track of events; all other tracks are ``others``."""


class OrdinarySignal(Model):
    """One metric series, one kind of log line or other event, or one synthetic test's results."""

    metric: str = ""
    type: Literal["count", "distribution", "gauge", "rate"] = "count"
    tags: dict[str, str] = Field(default_factory=dict)
    log: dict[str, Any] = Field(default_factory=dict, description="the fields of each log line, as for `event`")
    event: dict[str, Any] = Field(
        default_factory=dict,
        description="the fields of each event; `status`, `message` and the other reserved names are reserved fields, "
        "all others are attributes, and `@status` is the attribute `status`",
    )
    track: str = Field(default="logs", description="of its events: spans, llmobs, rum, events, cipipeline, citest ...")
    test: str = Field(default="", description="the synthetic test's resource name, or its public id")
    locations: list[str] = Field(default_factory=list)
    every: int = Field(default=1, ge=1, description="minutes between two runs of a synthetic test")
    source: Literal["service", "external"] = Field(
        default="service", description="`service` if the service emits it, so that `firedrill record` records it"
    )
    rate: float = Field(
        default=1,
        ge=0,
        description="per minute: growth of a count, values of a distribution, events, reports of a gauge (at most 1)",
    )
    step: float = Field(default=1, gt=0, description="what a count grows by: 1, or 0.001 for money")
    value: float | None = Field(default=None, description="the median of a distribution or gauge; a count has none")
    spread: float = Field(default=0.35, ge=0, description="the standard deviation of the logarithm")
    shared: dict[str, int] = Field(
        default_factory=dict,
        description="a tag, or an attribute such as `@usr.id`, and the number of its values, which take turns: "
        "`caller: 8`; of a gauge each has its own",
    )
    steady: bool = Field(default=False, description="does not follow the rhythm of the day")

    @property
    def is_gauge(self) -> bool:
        """True where its rate is that of reports of a value."""
        return self.type in ("gauge", "rate") and self.value is not None

    @property
    def follows_traffic(self) -> bool:
        """True where more traffic makes more of it. A gauge is reported whatever the traffic is."""
        return not (self.steady or self.is_gauge)

    @property
    def channel(self) -> Channel:
        """The way by which it reaches Datadog."""
        if self.test:
            return "tests"
        if self.metric:
            is_derived = self.metric.startswith("trace.")
            return "traces" if is_derived else "metrics" if self.source == "service" else "others"
        return CHANNELS.get(self.track, "others")


class Rhythm(Model):
    """Traffic over a day and a week, in shares of the peak."""

    peak_hour: float = 14
    night: float = 0.05
    weekend: float = 0.5
    holiday: float = 0.3
    deploys_a_week: float = 4
    restarts_a_week: float = 2
    deploy: dict[str, SignalChange] = Field(default_factory=dict)


class Ordinary(Model):
    """The telemetry while nothing is wrong, and how many notifications a week each team accepts then."""

    common: dict[str, str] = Field(default_factory=dict)
    rhythm: Rhythm = Rhythm()
    noise_budget: dict[str, float] = Field(default_factory=dict, description="notifications a week by team handle")
    elsewhere: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="other environments and services: `staging: {env: staging}` adds a signal `staging_X` for each X, "
        "at rate 0, with these tags and attributes instead",
    )
    unrecorded: dict[str, str] = Field(
        default_factory=dict, description="the service's metrics that no recording has, with the reason"
    )
    signals: dict[str, OrdinarySignal]


def load(path: Path) -> Ordinary:
    """Read a file.

    Raises:
        ScenarioError: The file does not declare ordinary telemetry.
    """
    try:
        return _with_other_places(Ordinary.model_validate(yaml.safe_load(path.read_text())))
    except (OSError, yaml.YAMLError) as error:
        raise ScenarioError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ScenarioError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _with_other_places(ordinary: Ordinary) -> Ordinary:
    """Add the signals of other environments and services."""
    copies = {}
    for place, changes in ordinary.elsewhere.items():
        for name, signal in ordinary.signals.items():
            if not signal.test:
                all_tags = {**ordinary.common, **signal.tags}
                tags = {**signal.tags, **{key: value for key, value in changes.items() if key in all_tags}}
                event = {**signal.event, **{key: value for key, value in changes.items() if key in signal.event}}
                update = {"rate": 0.0, "tags": tags, "event": event}
                copies[f"{place}_{name}"] = signal.model_copy(update=update)
    return ordinary.model_copy(update={"signals": {**ordinary.signals, **copies}})
