"""Downtimes and SLO corrections for the weekly load test and the first deployment. Nothing is muted for ever."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pulumi
import pulumi_datadog as dd

from infra.config import LoadTest
from infra.identity import Identity

FIRST_DEPLOY_HOURS = 2
"""A new account has alerts without data. Two hours fill the longest window of an alert that pages."""


@dataclass(frozen=True)
class DowntimeArgs:
    """``first_deploy`` is a fixed instant: a computed one would be a change at every preview.

    ``slos`` are those, by key, that the load test may violate.
    """

    identity: Identity
    load_test: LoadTest | None
    first_deploy: str | None
    slos: Mapping[str, pulumi.Input[str]]


class Downtimes(pulumi.ComponentResource):
    """The downtimes and corrections. The load test mutes no page, because it must not affect users."""

    def __init__(self, name: str, args: DowntimeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Silences", name, None, opts)
        self._name, self._args = name, args
        if args.load_test is not None:
            self._load_test(args.load_test)
        if args.first_deploy is not None:
            self._first_deploy(args.first_deploy)
        self.register_outputs({})

    def _load_test(self, test: LoadTest) -> None:
        """Mute tickets during the load test, and exclude it from SLOs."""
        identity, child = self._args.identity, pulumi.ResourceOptions(parent=self)
        rule = f"FREQ=WEEKLY;INTERVAL=1;BYDAY={test.weekday}"
        dd.DowntimeSchedule(
            f"{self._name}-load-test",
            scope=f"env:{identity.env}",
            monitor_identifier=dd.DowntimeScheduleMonitorIdentifierArgs(
                monitor_tags=[f"service:{identity.service}", f"env:{identity.env}", "severity:ticket"]
            ),
            display_timezone=test.time_zone,
            message="Weekly load test: slow and expensive chats are expected.",
            mute_first_recovery_notification=True,
            notify_end_states=["alert", "warn"],
            notify_end_types=["expired"],
            recurring_schedule=dd.DowntimeScheduleRecurringScheduleArgs(
                timezone=test.time_zone,
                recurrences=[
                    dd.DowntimeScheduleRecurringScheduleRecurrenceArgs(
                        start=test.first, duration=f"{test.hours}h", rrule=rule
                    )
                ],
            ),
            opts=child,
        )
        for key, slo in self._args.slos.items():
            dd.SloCorrection(
                f"{self._name}-load-test-{key}",
                slo_id=slo,
                category="Scheduled Maintenance",
                description="Weekly load test: no users wait for its answers.",
                start=test.instant,
                duration=test.hours * 3600,
                rrule=rule.replace(f";BYDAY={test.weekday}", ""),
                timezone=test.time_zone,
                opts=child,
            )

    def _first_deploy(self, instant: str) -> None:
        """Mute all alerts for a bounded time. Those that are still triggered at its end notify."""
        identity = self._args.identity
        start = datetime.fromisoformat(instant)
        dd.DowntimeSchedule(
            f"{self._name}-first-deploy",
            scope=f"env:{identity.env}",
            monitor_identifier=dd.DowntimeScheduleMonitorIdentifierArgs(
                monitor_tags=[f"service:{identity.service}", f"env:{identity.env}"]
            ),
            message=f"First deployment: muted for {FIRST_DEPLOY_HOURS} hours. Alerts still triggered then notify.",
            notify_end_states=["alert", "no data", "warn"],
            notify_end_types=["expired"],
            one_time_schedule=dd.DowntimeScheduleOneTimeScheduleArgs(
                start=start.isoformat(), end=(start + timedelta(hours=FIRST_DEPLOY_HOURS)).isoformat()
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
