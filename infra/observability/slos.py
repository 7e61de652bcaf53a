"""The SLOs: availability, chat latency, time to first token, answer cost and quality, reachability."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

import pulumi
import pulumi_datadog as dd

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
    format_number,
)

SLICE_SECONDS = 300


@dataclass(frozen=True)
class SloArgs:
    """``health_monitor_id`` is the monitor of the synthetic test of /health; None without such a test."""

    identity: Identity
    health_monitor_id: pulumi.Input[int] | None


class Slos(pulumi.ComponentResource):
    """The SLOs. ``ids`` by key: availability, latency, first-token, cost, quality and reachable."""

    ids: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: SloArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Slos", name, None, opts)
        self._name, self._identity = name, args.identity
        scope = args.identity.scope
        slos = {
            "availability": self._availability(),
            "latency": self._slices(
                "latency",
                "Chat latency",
                objective=FAST_CHATS,
                limit=SLOW_CHAT,
                measured="chat latency p95",
                queries={"latency": f"p95:llm.chat.latency{{{scope}}}"},
                formula="latency",
            ),
            "first-token": self._slices(
                "first-token",
                "Time to first token",
                objective=FAST_FIRST_TOKENS,
                limit=SLOW_FIRST_TOKEN,
                measured="time to first token p95",
                queries={"first": f"p95:llm.chat.time_to_first_token{{{scope}}}"},
                formula="first",
            ),
            "cost": self._slices(
                "cost",
                "Answer cost",
                objective=CHEAP_ANSWERS,
                limit=COST_PER_ANSWER,
                measured="the mean cost of an answer",
                queries={
                    "cost": f"sum:llm.chat.cost{{{scope}}}.as_count()",
                    "answers": f"sum:llm.chat.requests{{{scope},outcome:ok}}.as_count()",
                },
                formula=f"cost / (answers + {format_number(COST_PER_ANSWER.guard or 0)})",
            ),
            "quality": self._slices(
                "quality",
                "Answer quality",
                objective=GOOD_ANSWERS,
                limit=BAD_ANSWERS,
                measured="the share of failed evaluations",
                queries={
                    "bad": f"sum:llm.chat.evaluations{{{scope},verdict:fail}}.as_count()",
                    "all": f"sum:llm.chat.evaluations{{{scope}}}.as_count()",
                },
                formula=f"bad / (all + {format_number(BAD_ANSWERS.guard or 0)})",
            ),
        }
        if args.health_monitor_id is not None:
            slos["reachable"] = self._reachable(args.health_monitor_id)
        self.ids = {key: slo.id for key, slo in slos.items()}
        self.register_outputs({"ids": self.ids})

    def _reachable(self, monitor_id: pulumi.Input[int]) -> dd.ServiceLevelObjective:
        """Return the SLO of the health check from outside."""
        return dd.ServiceLevelObjective(
            f"{self._name}-reachable",
            name=self._identity.named("Reachability"),
            type="monitor",
            description=(
                f"/health answers from outside {REACHABLE.target} % of the time over {REACHABLE.window}, because "
                f"{REACHABLE.because}."
            ),
            monitor_ids=[monitor_id],
            tags=self._identity.tags,
            opts=pulumi.ResourceOptions(parent=self),
            **_targets(REACHABLE),
        )

    def _availability(self) -> dd.ServiceLevelObjective:
        """Return the SLO that counts chats, without callers' own errors."""
        scope = self._identity.scope.replace(",", " AND ")
        return dd.ServiceLevelObjective(
            f"{self._name}-availability",
            name=self._identity.named("Availability"),
            type="metric",
            description=(
                f"{AVAILABILITY.target} % of chats over {AVAILABILITY.window} get an answer, because "
                f"{AVAILABILITY.because}. Callers' own errors do not count, and an answer that Gemini's safety "
                "filters blocked counts as an answer."
            ),
            query=dd.ServiceLevelObjectiveQueryArgs(
                numerator=f"sum:llm.chat.requests{{{scope} AND outcome IN (ok, blocked)}}.as_count()",
                denominator=f"sum:llm.chat.requests{{{scope} AND NOT outcome:caller_error}}.as_count()",
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
        measured: str,
        queries: Mapping[str, str],
        formula: str,
    ) -> dd.ServiceLevelObjective:
        """Return a time slice SLO: five minutes are good when the formula stays below the limit."""
        metric = dd.ServiceLevelObjectiveSliSpecificationTimeSliceQueryQueryMetricQueryArgs
        return dd.ServiceLevelObjective(
            f"{self._name}-{key}",
            name=self._identity.named(title),
            type="time_slice",
            description=(
                f"In {format_number(objective.target)} % of 5-minute slices over {objective.window}, {measured} stays "
                f"below {limit}, because {objective.because}."
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
                                metric_query=metric(name=query_name, data_source="metrics", query=query)
                            )
                            for query_name, query in queries.items()
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
    """Return the primary threshold in both places that the API has for it. One alone is a diff at every preview."""
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
