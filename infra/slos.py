"""What the service promises: availability, speed, first words, cost, and that it can be reached."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

import pulumi
import pulumi_datadog as dd

from infra.contract import checked_metric_query
from infra.identity import Identity
from infra.objectives import (
    AVAILABILITY,
    BAD_ANSWERS,
    CHEAP_ANSWERS,
    COST_PER_ANSWER,
    FAST_CHATS,
    FAST_FIRST_TOKENS,
    GOOD_ANSWERS,
    REACHABLE,
    SLOW_CHAT,
    SLOW_FIRST_TOKEN,
    Objective,
    Threshold,
    spelled,
)

SLICE_SECONDS = 300


@dataclass(frozen=True)
class SloArgs:
    """Whose objectives. ``health_monitor_id`` is the monitor of the synthetic test of /health."""

    identity: Identity
    health_monitor_id: pulumi.Input[int]


class Slos(pulumi.ComponentResource):
    """``ids`` by name: availability, latency, first-token, cost, quality and reachable."""

    ids: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: SloArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Slos", name, None, opts)
        self._name, self._identity = name, args.identity
        scope = args.identity.scope
        made = {
            "availability": self._availability(),
            "latency": self._slices(
                "latency",
                "chats are fast",
                objective=FAST_CHATS,
                limit=SLOW_CHAT,
                what="the p95 of chat latency",
                queries={"latency": f"p95:llm.chat.latency{{{scope}}}"},
                formula="latency",
            ),
            "first-token": self._slices(
                "first-token",
                "answers begin soon",
                objective=FAST_FIRST_TOKENS,
                limit=SLOW_FIRST_TOKEN,
                what="the p95 of the time to the first token",
                queries={"first": f"p95:llm.chat.time_to_first_token{{{scope}}}"},
                formula="first",
            ),
            "cost": self._slices(
                "cost",
                "answers cost what they may",
                objective=CHEAP_ANSWERS,
                limit=COST_PER_ANSWER,
                what="the cost of an answer",
                queries={
                    "cost": f"sum:llm.chat.cost{{{scope}}}.as_count()",
                    "answers": f"sum:llm.chat.requests{{{scope},outcome:ok}}.as_count()",
                },
                formula=f"cost / (answers + {spelled(COST_PER_ANSWER.guard or 0)})",
            ),
            "quality": self._slices(
                "quality",
                "answers are good",
                objective=GOOD_ANSWERS,
                limit=BAD_ANSWERS,
                what="the share of evaluations that fail",
                queries={
                    "bad": f"sum:llm.chat.evaluations{{{scope},verdict:fail}}.as_count()",
                    "all": f"sum:llm.chat.evaluations{{{scope}}}.as_count()",
                },
                formula=f"bad / (all + {spelled(BAD_ANSWERS.guard or 0)})",
            ),
            "reachable": dd.ServiceLevelObjective(
                f"{name}-reachable",
                name=args.identity.named("the service is reachable"),
                type="monitor",
                description=(
                    f"For {REACHABLE.target} % of {REACHABLE.window} /health answers from outside, because "
                    f"{REACHABLE.because}."
                ),
                monitor_ids=[args.health_monitor_id],
                tags=args.identity.tags,
                opts=pulumi.ResourceOptions(parent=self),
                **_targets(REACHABLE),
            ),
        }
        self.ids = {key: slo.id for key, slo in made.items()}
        self.register_outputs({"ids": self.ids})

    @property
    def availability_id(self) -> pulumi.Output[str]:
        """Of chats that are answered."""
        return self.ids["availability"]

    @property
    def latency_id(self) -> pulumi.Output[str]:
        """Of chats that are fast."""
        return self.ids["latency"]

    def _availability(self) -> dd.ServiceLevelObjective:
        """Counts chats, without those that callers did wrong."""
        scope = self._identity.scope.replace(",", " AND ")
        return dd.ServiceLevelObjective(
            f"{self._name}-availability",
            name=self._identity.named("chats are answered"),
            type="metric",
            description=(
                f"{AVAILABILITY.target} % of chats over {AVAILABILITY.window} get an answer, because "
                f"{AVAILABILITY.because}. What callers did wrong does not count, and an answer that Gemini's safety "
                "filters blocked is an answer."
            ),
            query=dd.ServiceLevelObjectiveQueryArgs(
                numerator=checked_metric_query(
                    f"sum:llm.chat.requests{{{scope} AND outcome IN (ok, blocked)}}.as_count()"
                ),
                denominator=checked_metric_query(
                    f"sum:llm.chat.requests{{{scope} AND NOT outcome:caller_error}}.as_count()"
                ),
            ),
            tags=self._identity.tags,
            opts=pulumi.ResourceOptions(parent=self),
            **_targets(AVAILABILITY),
        )

    def _slices(
        self,
        key: str,
        title: str,
        *,
        objective: Objective,
        limit: Threshold,
        what: str,
        queries: Mapping[str, str],
        formula: str,
    ) -> dd.ServiceLevelObjective:
        """Five minutes are good when the formula stays below the limit."""
        metric = dd.ServiceLevelObjectiveSliSpecificationTimeSliceQueryQueryMetricQueryArgs
        return dd.ServiceLevelObjective(
            f"{self._name}-{key}",
            name=self._identity.named(title),
            type="time_slice",
            description=(
                f"In {spelled(objective.target)} % of 5-minute slices over {objective.window} {what} stays below "
                f"{limit}, because {objective.because}."
            ),
            sli_specification=dd.ServiceLevelObjectiveSliSpecificationArgs(
                time_slice=dd.ServiceLevelObjectiveSliSpecificationTimeSliceArgs(
                    comparator="<",
                    threshold=limit.critical,
                    query_interval_seconds=SLICE_SECONDS,
                    query=dd.ServiceLevelObjectiveSliSpecificationTimeSliceQueryArgs(
                        formula=dd.ServiceLevelObjectiveSliSpecificationTimeSliceQueryFormulaArgs(
                            formula_expression=formula
                        ),
                        queries=[
                            dd.ServiceLevelObjectiveSliSpecificationTimeSliceQueryQueryArgs(
                                metric_query=metric(name=one, data_source="metrics", query=checked_metric_query(query))
                            )
                            for one, query in queries.items()
                        ],
                    ),
                )
            ),
            tags=self._identity.tags,
            opts=pulumi.ResourceOptions(parent=self),
            **_targets(objective),
        )


class _Targets(TypedDict):
    thresholds: list[dd.ServiceLevelObjectiveThresholdArgs]
    timeframe: str
    target_threshold: float
    warning_threshold: float


def _targets(objective: Objective) -> _Targets:
    """The primary threshold in both places that the API has for it: one alone is a diff at every preview."""
    return {
        "thresholds": [
            dd.ServiceLevelObjectiveThresholdArgs(
                timeframe=objective.window, target=objective.target, warning=objective.warning
            )
        ],
        "timeframe": objective.window,
        "target_threshold": objective.target,
        "warning_threshold": objective.warning,
    }
