"""Alerts become monitors: their queries checked, their numbers filled in, their messages written."""

from string import Template

import pulumi
import pulumi_datadog as dd

from infra.alert import Alert, AlertsArgs, known_values, severity
from infra.contract import check_query, checked_search
from infra.messages import message
from infra.objectives import BurnRate, Spent, Threshold, spelled

SOME_SLO = "0" * 32
"""Stands for an SLO that has no id yet, so that its query can be checked before it exists."""


class Alerts(pulumi.ComponentResource):
    """``ids``: the monitors' ids by alert key. A composite stands after its members."""

    ids: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Alerts", name, None, opts)
        self.ids = {}
        for alert in args.alerts:
            runbook = f"{args.runbooks}/{alert.key}.md"
            monitor = dd.Monitor(
                alert.key,
                name=args.identity.named(alert.title),
                type=alert.type,
                query=self._query(alert, args),
                message=message(alert, args, runbook),
                monitor_thresholds=_thresholds(alert.limit),
                priority=str(alert.priority),
                on_missing_data=alert.missing_data,
                variables=_variables(alert, args),
                monitor_threshold_windows=_windows(alert),
                evaluation_delay=alert.delay_seconds,
                # The provider's default (true) would keep a monitor silent until a quiet service has a full window.
                require_full_window=False if alert.type == "query alert" else None,
                include_tags=True,
                tags=[*args.identity.tags, f"severity:{severity(alert)}"],
                assets=[dd.MonitorAssetArgs(category="runbook", name=f"Runbook: {alert.title}", url=runbook)],
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.ids[alert.key] = monitor.id
        self.register_outputs({"ids": self.ids})

    def _query(self, alert: Alert, args: AlertsArgs) -> pulumi.Input[str]:
        """The query, checked before the ids in it are known."""
        template = Template(Template(alert.query).safe_substitute(known_values(alert, args)))
        members = {
            one.variable: self.ids[one.key] for one in args.alerts if alert.type == "composite" and one.key in self.ids
        }
        placeholders = {"slo": SOME_SLO} | {name: str(number) for number, name in enumerate(members, 1)}
        where = f"alert {alert.key!r} in infra/monitors_*.py"
        check_query(alert.type, template.substitute(placeholders), where)
        for count in (alert.counts or {}).values():
            checked_search(count.source, Template(count.search).substitute(known_values(alert, args)), where)
        unknown = members | ({"slo": args.slo_ids[alert.key]} if alert.type == "slo alert" else {})
        if not unknown:
            return template.template
        return pulumi.Output.all(**unknown).apply(template.substitute)


def _variables(alert: Alert, args: AlertsArgs) -> dd.MonitorVariablesArgs | None:
    """The counts of a formula, each by its name."""
    if alert.counts is None:
        return None
    known = known_values(alert, args)
    return dd.MonitorVariablesArgs(
        event_queries=[
            dd.MonitorVariablesEventQueryArgs(
                name=name,
                data_source=count.source,
                search=dd.MonitorVariablesEventQuerySearchArgs(query=Template(count.search).substitute(known)),
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


def _thresholds(limit: Threshold | BurnRate | Spent | None) -> dd.MonitorMonitorThresholdsArgs | None:
    """The thresholds block, which has to repeat the query's number."""
    match limit:
        case Threshold():
            return dd.MonitorMonitorThresholdsArgs(
                critical=spelled(limit.critical),
                critical_recovery=None if limit.recovery is None else spelled(limit.recovery),
                warning=None if limit.warning is None else spelled(limit.warning),
            )
        case BurnRate():
            return dd.MonitorMonitorThresholdsArgs(critical=spelled(limit.rate))
        case Spent():
            return dd.MonitorMonitorThresholdsArgs(critical=spelled(limit.percent), warning=spelled(limit.warning))
        case None:
            return None
