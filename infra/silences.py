"""When alerts and objectives rest: the weekly load test, and the first deploy. Nobody mutes anything for good."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pulumi
import pulumi_datadog as dd

from infra.config import LoadTest
from infra.identity import Identity

FIRST_DEPLOY_HOURS = 2
"""An account without a past has alerts without data; two hours later the longest window of a page is full."""


@dataclass(frozen=True)
class SilenceArgs:
    """``first_deploy`` is an instant of the configuration: a computed one would be a change at every preview. ``slos``
    are the objectives, by name, that the load test may break."""

    identity: Identity
    load_test: LoadTest | None
    first_deploy: str | None
    slos: Mapping[str, pulumi.Input[str]]


class Silences(pulumi.ComponentResource):
    """Downtimes and corrections. Pages are never muted by the load test: it must not hurt users."""

    def __init__(self, name: str, args: SilenceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Silences", name, None, opts)
        self._name, self._args = name, args
        if args.load_test is not None:
            self._load_test(args.load_test)
        if args.first_deploy is not None:
            self._first_deploy(args.first_deploy)
        self.register_outputs({})

    def _load_test(self, test: LoadTest) -> None:
        """Tickets rest meanwhile; the chats of the test do not count."""
        identity, child = self._args.identity, pulumi.ResourceOptions(parent=self)
        rule = f"FREQ=WEEKLY;INTERVAL=1;BYDAY={test.weekday}"
        dd.DowntimeSchedule(
            f"{self._name}-load-test",
            scope=f"env:{identity.env}",
            monitor_identifier=dd.DowntimeScheduleMonitorIdentifierArgs(
                monitor_tags=[f"service:{identity.service}", f"env:{identity.env}", "severity:ticket"]
            ),
            display_timezone=test.time_zone,
            message="The weekly load test makes chats slow and dear on purpose.",
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
                description="The weekly load test: nobody waits for its answers.",
                start=test.instant,
                duration=test.hours * 3600,
                rrule=rule.replace(f";BYDAY={test.weekday}", ""),
                timezone=test.time_zone,
                opts=child,
            )

    def _first_deploy(self, begins: str) -> None:
        """Everything is muted for a bounded time; what is still wrong then is told."""
        identity = self._args.identity
        start = datetime.fromisoformat(begins)
        dd.DowntimeSchedule(
            f"{self._name}-first-deploy",
            scope=f"env:{identity.env}",
            monitor_identifier=dd.DowntimeScheduleMonitorIdentifierArgs(
                monitor_tags=[f"service:{identity.service}", f"env:{identity.env}"]
            ),
            message=f"The first deploy: quiet for {FIRST_DEPLOY_HOURS} hours, then what is still wrong is told.",
            notify_end_states=["alert", "no data", "warn"],
            notify_end_types=["expired"],
            one_time_schedule=dd.DowntimeScheduleOneTimeScheduleArgs(
                start=start.isoformat(), end=(start + timedelta(hours=FIRST_DEPLOY_HOURS)).isoformat()
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
