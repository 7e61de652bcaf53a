"""The RUM application of the chat page, and its retention filters.

The first filter, in their order, whose query matches a session decides the share of such sessions that is kept.
https://docs.datadoghq.com/real_user_monitoring/rum_without_limits/retention_filters/
"""

from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity
from infra.objectives import ORDINARY_SESSIONS_KEPT
from service.telemetry import ANSWER_RATED, WEB_SERVICE


@dataclass(frozen=True)
class RumArgs:
    """The arguments of :class:`Rum`."""

    identity: Identity
    product_analytics: bool
    """True in an organisation with Product Analytics."""


class Rum(pulumi.ComponentResource):
    """The application. The page starts the SDK with ``application_id`` and ``client_token``, which both are public."""

    application_id: pulumi.Output[str]
    client_token: pulumi.Output[str]

    def __init__(self, name: str, args: RumArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Rum", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        application = dd.RumApplication(
            f"{name}-application",
            name=f"{WEB_SERVICE} {args.identity.env}",
            type="browser",
            rum_event_processing_state="ALL",
            # Product Analytics keeps the events of product use for 15 months, however few sessions RUM keeps.
            product_analytics_retention_state="MAX" if args.product_analytics else "NONE",
            opts=child,
        )
        scope = f"service:{WEB_SERVICE} env:{args.identity.env}"
        queries = {
            # A session with errors is debugged by itself.
            "errors": ("session", f"{scope} @session.error.count:>0", 100.0),
            # A rating says something about the answer, so its session is kept.
            "rated": ("action", f"{scope} @action.name:{ANSWER_RATED}", 100.0),
            # A sample of the rest is a baseline; metrics count all sessions.
            "ordinary": ("session", scope, ORDINARY_SESSIONS_KEPT),
        }
        filters = [
            dd.RumRetentionFilter(
                f"{name}-{key}",
                application_id=application.id,
                name=args.identity.named(f"{key} sessions"),
                event_type=event,
                query=query,
                sample_rate=rate,
                enabled=True,
                opts=child,
            )
            for key, (event, query, rate) in queries.items()
        ]
        existing = dd.get_rum_retention_filters_output(application_id=application.id).apply(
            lambda result: [retention_filter.id for retention_filter in result.retention_filters or ()]
        )
        # The order is the application's own, not one of the organisation's lists (infra/org/).
        dd.RumRetentionFiltersOrder(
            f"{name}-order",
            application_id=application.id,
            # A new application comes with filters of Datadog's own, and the order must name every one.
            retention_filter_ids=pulumi.Output.all(
                ours=[retention_filter.id for retention_filter in filters], existing=existing
            ).apply(lambda ids: [*ids["ours"], *(other for other in ids["existing"] if other not in ids["ours"])]),
            opts=child,
        )
        self.application_id = application.id
        # The provider marks the token as a secret, but every visitor of the page reads it in /config.js.
        self.client_token = pulumi.Output.unsecret(application.client_token)
        self.register_outputs({"application_id": self.application_id})
