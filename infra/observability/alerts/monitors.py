"""The component that makes one monitor of each alert."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from string import Template

import pulumi
import pulumi_datadog as dd

from infra.contract import with_stand_in
from infra.identity import Identity
from infra.objectives import BudgetThreshold, BurnRate, Threshold, format_number
from infra.observability.alerts.alert import Alert, placeholders, title
from infra.observability.alerts.message import Message
from infra.observability.alerts.placeholder_check import refuse_unknown
from infra.observability.products_read import readable
from infra.observability.workflows.workflows import INPUTS, OPEN_INCIDENT, SWITCH_MODEL, mention
from infra.products import Product

UNKNOWN_SLO = "0" * 32
"""The stand-in for an SLO's id, which is not known before the SLO exists."""


@dataclass(frozen=True)
class AlertsArgs:
    """The arguments of :class:`Alerts`.

    ``slo_ids`` by the objective's key; ``runbooks`` is the URL of the folder with one page for each alert; ``primary``
    and ``fallback`` are models; ``site`` is Datadog's, such as ``datadoghq.eu``; ``pager`` is the handle, with its
    ``@``, of the person on call.
    """

    identity: Identity
    project: str
    alerts: tuple[Alert, ...]
    slo_ids: Mapping[str, pulumi.Output[str]]
    runbooks: str
    primary: str
    fallback: str
    site: str
    pager: str
    workflows: frozenset[str]
    """The handles of the workflows that are declared: a message starts no other."""
    off: Set[Product] = frozenset()
    """Products that the organisation lacks: messages do not send people to them."""


class Alerts(pulumi.ComponentResource):
    """The monitors of the stack. ``ids`` by alert key."""

    ids: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Alerts", name, None, opts)
        self._args = args
        self.ids = {}
        for alert in args.alerts:
            self.ids[alert.key] = self._monitor(alert).id
        self.register_outputs({"ids": self.ids})

    def _monitor(self, alert: Alert) -> dd.Monitor:
        identity = self._args.identity
        values = placeholders(alert, identity, self._args.project) | {"fallback": self._args.fallback}
        refuse_unknown(alert, values, self._query_ids(alert))
        heading = title(alert, identity, self._args.project)
        return dd.Monitor(
            alert.key,
            name=identity.named(heading),
            type=alert.type,
            query=self._query(alert, values),
            message=self._message(alert, values),
            monitor_thresholds=_thresholds(alert.limit),
            priority=str(alert.priority),
            on_missing_data=alert.missing_data,
            variables=_variables(alert, values),
            monitor_threshold_windows=_windows(alert),
            evaluation_delay=alert.delay_seconds,
            # The provider's default (true) would keep a monitor silent until a quiet service has a full window.
            require_full_window=False if alert.type == "query alert" else None,
            include_tags=True,
            tags=[*identity.tags, f"severity:{alert.severity}", *self._paged(alert)],
            assets=[dd.MonitorAssetArgs(category="runbook", name=f"Runbook: {heading}", url=self._runbook(alert))],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _paged(self, alert: Alert) -> list[str]:
        """Return the tag that says whom a page notifies in an organisation without On-Call."""
        return ["pages:team"] if alert.pages and "on-call" in self._args.off else []

    def _runbook(self, alert: Alert) -> str:
        return f"{self._args.runbooks}/{alert.key}.md"

    def _query_ids(self, alert: Alert) -> dict[str, pulumi.Output[str]]:
        """Return the ids that a query may read, by placeholder: its SLO's, or those of a composite's members."""
        if alert.slo is not None:
            return {"slo": self._args.slo_ids[alert.slo]}
        if alert.type != "composite":
            return {}
        return {member.variable: self.ids[member.key] for member in self._args.alerts if member.key in self.ids}

    def _query(self, alert: Alert, values: Mapping[str, str]) -> pulumi.Input[str]:
        """Return the query. Ids of an SLO or of a composite's members are known only after deployment.

        It waits for the ids that it reads and for no other: a new alert would otherwise change every composite.
        """
        template = Template(Template(alert.query).safe_substitute(values))
        read = {name: id for name, id in self._query_ids(alert).items() if name in template.get_identifiers()}
        if not read:
            return template.substitute()
        stand_ins = {name: UNKNOWN_SLO if name == "slo" else str(number) for number, name in enumerate(read, 1)}
        return with_stand_in(pulumi.Output.all(**read).apply(template.substitute), template.substitute(stand_ins))

    def _message(self, alert: Alert, values: Mapping[str, str]) -> str:
        args = self._args
        message = Message(
            alert.description, alert.impact, readable(alert.look_first, args.off), self._runbook(alert), alert.limit
        )
        if alert.signal:
            return message.write_signal(values)
        actions = []
        if alert.switches_model_of and SWITCH_MODEL in args.workflows:
            actions.append(
                f'{{{{#is_exact_match "{alert.switches_model_of}" "{args.primary}"}}}}'
                f"Switching the service to {args.fallback}: "
                f"{mention(args.identity, SWITCH_MODEL, model=args.fallback)} {{{{/is_exact_match}}}}"
            )
        handles = [*alert.workflows, *([OPEN_INCIDENT] if alert.incident else [])]
        handles = [handle for handle in handles if handle in args.workflows]
        actions += [f"Starting workflow {handle}: {self._mention(alert, handle)} " for handle in handles]
        recipient = args.pager if alert.pages else f"@{args.identity.team}"
        return message.write(values, args.site, recipient, actions, pages=alert.pages, warns=alert.warns)

    def _mention(self, alert: Alert, handle: str) -> str:
        """Return the mention of a workflow, with the inputs that the alert has for it."""
        identity = self._args.identity
        inputs = {"title": identity.named(title(alert, identity, self._args.project)), "runbook": self._runbook(alert)}
        if alert.incident:
            inputs |= {"severity": alert.incident.severity, "failure_mode": alert.incident.failure_mode}
        return mention(identity, handle, **{name: text for name, text in inputs.items() if name in INPUTS[handle]})


def _variables(alert: Alert, values: Mapping[str, str]) -> dd.MonitorVariablesArgs | None:
    """Return the event queries of a formula."""
    if alert.counts is None:
        return None
    return dd.MonitorVariablesArgs(
        event_queries=[
            dd.MonitorVariablesEventQueryArgs(
                name=name,
                data_source=count.source,
                search=dd.MonitorVariablesEventQuerySearchArgs(query=Template(count.search).substitute(values)),
                computes=[dd.MonitorVariablesEventQueryComputeArgs(aggregation="count")],
                indexes=["*"],
            )
            for name, count in alert.counts.items()
        ]
    )


def _windows(alert: Alert) -> dd.MonitorMonitorThresholdWindowsArgs | None:
    if alert.windows is None:
        return None
    return dd.MonitorMonitorThresholdWindowsArgs(
        trigger_window=alert.windows.trigger, recovery_window=alert.windows.recovery
    )


def _thresholds(limit: Threshold | BurnRate | BudgetThreshold | None) -> dd.MonitorMonitorThresholdsArgs | None:
    """Return the thresholds block, which must repeat the query's number."""
    match limit:
        case Threshold():
            return dd.MonitorMonitorThresholdsArgs(
                critical=format_number(limit.critical),
                critical_recovery=None if limit.recovery is None else format_number(limit.recovery),
                warning=None if limit.warning is None else format_number(limit.warning),
            )
        case BurnRate():
            return dd.MonitorMonitorThresholdsArgs(critical=format_number(limit.rate))
        case BudgetThreshold():
            return dd.MonitorMonitorThresholdsArgs(
                critical=format_number(limit.percent), warning=format_number(limit.warning)
            )
        case None:
            return None
